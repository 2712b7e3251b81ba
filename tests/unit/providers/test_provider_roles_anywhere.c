// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/roles_anywhere.h"

#include "proto/mem/text.h"
#include "sidecar/base/provider_facts.h"

static char other_key[] = TEST_DATA_DIR "/other.key";

static void a_session_by_certificate(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, ANSWERS({201, DATE_NOW JSON_TYPE, SESSION}, {200, NULL, SESSION}));
        harness_run_to_credentials(s.h);
        assert_slice(s.h->c->session_token, "token");
        assert_slice(s.h->c->account_id, "111122223333");
        assert_true(s.h->c->expires_s == NOW_S + 3600);
        s.h->profile.roles_anywhere.certificate_chain = NULL;
        harness_run_to_credentials(s.h);

        const char *request = harness_requests(s.h, 2);
        static char value[4096];
        harness_begins(s.h, 0, "POST /sessions HTTP/1.1\r\n");
        harness_has_body(s.h, 0,
                         "{\"profileArn\":\"arn:aws:rolesanywhere:us-east-1:111122223333:profile/p\",\"roleArn\":"
                         "\"arn:aws:iam::111122223333:role/gw\",\"trustAnchorArn\":\"arn:aws:rolesanywhere:"
                         "us-east-1:111122223333:trust-anchor/a\"}");
        harness_has_field(s.h, 0, "Content-Type", "application/json");
        harness_has_field(s.h, 0, "X-Amz-Date", "20270101T000000Z");
        upstream_field(request, "X-Amz-X509", value, sizeof(value));
        struct buffer der;
        buffer_init(&der, sizeof(value));
        assert_int_equal(text_base64_decode(slice_str(value), &der), 0);
        buffer_free(&der);
        upstream_field(request, "X-Amz-X509-Chain", value, sizeof(value));
        assert_true(value[0] != '\0');
        upstream_field(request, "Authorization", value, sizeof(value));
        assert_non_null(strstr(value, "AWS4-X509-ECDSA-SHA256 Credential=4096/20270101/us-east-1/rolesanywhere/"
                                      "aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-x509;"
                                      "x-amz-x509-chain, Signature="));
        assert_null(strcasestr(s.h->upstream.requests[1], "X-Amz-X509-Chain:"));
        tear_down(&s);
}

static void a_wrong_clock_is_corrected_once(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, ANSWERS({403, DATE_HALF_PAST DENIED, "{\"message\":\"Invalid signature\"}"},
                           {201, DATE_HALF_PAST, SESSION}));
        harness_run_to_credentials(s.h);
        (void)harness_requests(s.h, 2);
        harness_field_holds(s.h, 1, "X-Amz-Date", "20270101T00300");
        tear_down(&s);
}

static void refusals_are_explained(void **state)
{
        (void)state;
        static const struct {
                struct upstream_answer answer;
                enum error_kind kind;
                const char *code, *message, *hint;
        } t[] = {
            {{403, DATE_NOW DENIED, "{\"message\":\"Untrusted signing certificate\"}"},
             ERROR_DENIED,
             "AccessDeniedException",
             "CreateSession for arn:aws:iam::111122223333:role/gw: AccessDeniedException: Untrusted signing "
             "certificate",
             "serial 4096"},
            {{403, DATE_NOW DENIED, ""}, ERROR_DENIED, "AccessDeniedException", "AccessDeniedException", "listed"},
            {{404, NULL, "{\"__type\":\"x#ResourceNotFoundException\",\"message\":\"m\"}"},
             ERROR_DENIED,
             "ResourceNotFoundException",
             "m",
             "us-east-1"},
            {{429, NULL, "{\"message\":\"Too many\"}"}, ERROR_THROTTLED, "", "HTTP 429", ""},
            {{500, NULL, ""}, ERROR_TRANSIENT, "", "HTTP 500", ""},
            {{201, DATE_NOW, "{\"credentialSet\":[]}"}, ERROR_PROTOCOL, "", "the answer lacks AccessKeyId", ""},
            {{201, DATE_NOW, "{}"}, ERROR_PROTOCOL, "", "the answer lacks AccessKeyId", ""},
            {{201, DATE_NOW, "{\"credentialSet\":[{\"credentials\":{\"accessKeyId\":\"A\"}}]}"},
             ERROR_PROTOCOL,
             "",
             "the answer lacks SecretAccessKey",
             ""},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct setup s;
                set_up(&s, &t[i].answer, 1);
                harness_run(s.h);
                harness_expect_error(s.h, i, t[i].kind, t[i].message, t[i].hint);
                assert_string_equal(s.h->e.upstream.code, t[i].code);
                tear_down(&s);
        }
}

static void a_bad_identity_is_an_error_of_the_fetch(void **state)
{
        (void)state;
        static char missing[] = TEST_DATA_DIR "/none.pem";
        struct setup s;
        set_up(&s, NULL, 0);
        s.h->profile.roles_anywhere.private_key = other_key;
        harness_run_to_error(s.h, ERROR_CONFIG);
        s.h->profile.roles_anywhere.private_key = leaf_key;
        s.h->profile.roles_anywhere.certificate = missing;
        harness_run_to_error(s.h, ERROR_CONFIG);
        assert_non_null(strstr(s.h->e.message, "none.pem"));
        s.h->profile.roles_anywhere.certificate = leaf;
        s.h->wall_ms = INT64_C(7258118400000); // the year 2200: expired
        harness_run_to_error(s.h, ERROR_CONFIG);
        (void)harness_requests(s.h, 0);
        tear_down(&s);
}

static void an_unchanged_identity_is_not_read_again(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, ANSWERS({201, NULL, SESSION}, {201, NULL, SESSION}));
        harness_run_to_credentials(s.h);
        unsigned loads = gate_load.calls;
        assert_true(loads > 0);
        harness_run_to_credentials(s.h);
        assert_int_equal(gate_load.calls, loads);
        assert_int_equal(gate_sign.calls, 2);
        tear_down(&s);
}

// A service that was in another year once is asked again, and then tells the right time.
static void a_wrong_date_is_corrected(void **state)
{
        (void)state;
        static const char *const dates[] = {"Date: Sat, 01 Jan 2050 00:00:00 GMT\r\n",
                                            "Date: Tue, 01 Jan 2008 00:00:00 GMT\r\n"};
        for (size_t i = 0; i < LENGTH(dates); i++) {
                const struct upstream_answer answers[] = {{403, NULL, "{\"code\":\"X\"}"}, {201, DATE_NOW, SESSION}};
                struct upstream_answer with_date[2] = {answers[0], answers[1]};
                struct setup s;
                with_date[0].fields = dates[i];
                set_up_files(&s, with_date, LENGTH(with_date));
                harness_run_to_error(s.h, ERROR_DENIED);
                harness_run_to_credentials(s.h);
                tear_down_files(&s);
        }
}

static void what_is_known_of_the_certificate(void **state)
{
        (void)state;
        struct setup s;
        set_up_files(&s,
                     ANSWERS({201, NULL, SESSION}, {201, NULL, SESSION}, {201, NULL, SESSION}, {201, NULL, SESSION}));
        const struct provider_facts *facts = s.h->provider->facts;
        assert_non_null(facts);
        assert_null(facts->certificate.subject);
        harness_run_to_credentials(s.h);
        assert_non_null(facts->certificate.subject);
        assert_string_equal(facts->certificate.serial, "4097");
        assert_true(facts->certificate.not_after_s > NOW_S);
        assert_null(facts->certificate.problem);
        write_certificate(&s, 1, 4098); // whose key is not there yet: what is signed with is the earlier one
        harness_run_to_credentials(s.h);
        assert_string_equal(facts->certificate.serial, "4097");
        assert_non_null(facts->certificate.problem);
        assert_non_null(strstr(facts->certificate.problem, "4098"));
        pki_write_key(&s.pki, s.pki.keys[1]);
        harness_run_to_credentials(s.h);
        assert_string_equal(facts->certificate.serial, "4098");
        assert_null(facts->certificate.problem);
        pki_write_text(&s.pki, s.pki.certificate, "");
        harness_run_to_credentials(s.h);
        assert_string_equal(facts->certificate.serial, "4098");
        tear_down_files(&s);
}

static void field(const struct setup *s, size_t request, const char *name, char out[4096])
{
        upstream_field(s->h->upstream.requests[request], name, out, 4096);
}

// Files that do not belong together for a moment: the identity of last time serves on, while it is valid. What replaces
// it is a whole one.
static void an_earlier_identity_bridges_a_half_renewal(void **state)
{
        (void)state;
        static char first[4096], value[4096];
        struct setup s;
        set_up_files(&s, ANSWERS({201, NULL, SESSION}, {201, NULL, SESSION},
                                 {403, DENIED, "{\"message\":\"Certificate revoked\"}"}, {201, NULL, SESSION}));
        harness_run_to_credentials(s.h);
        write_certificate(&s, 1, 8193);
        harness_run_to_credentials(s.h);
        harness_run_to_error(s.h, ERROR_DENIED); // then it is said
        assert_non_null(strstr(s.h->e.message, "Certificate revoked"));
        assert_non_null(strstr(s.h->e.message, "earlier certificate of serial 4097"));
        assert_non_null(strstr(s.h->e.message, "does not belong"));
        assert_string_equal(s.h->e.upstream.code, "AccessDeniedException");
        pki_write_key(&s.pki, s.pki.keys[1]);
        harness_run_to_credentials(s.h);
        pki_write_key(&s.pki, s.pki.keys[0]);
        s.h->wall_ms = INT64_C(2208988800000); // 2040: what would bridge has expired
        harness_run_to_error(s.h, ERROR_CONFIG);
        assert_null(strstr(s.h->e.message, "earlier"));

        (void)harness_requests(s.h, 4);
        field(&s, 0, "X-Amz-X509", first);
        for (size_t i = 1; i < 3; i++) {
                harness_has_field(s.h, i, "X-Amz-X509", first);
                harness_field_holds(s.h, i, "Authorization", "Credential=4097/");
        }
        field(&s, 3, "X-Amz-X509", value);
        assert_string_not_equal(value, first);
        harness_field_holds(s.h, 3, "Authorization", "Credential=8193/");
        tear_down_files(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_session_by_certificate),
            cmocka_unit_test(a_wrong_clock_is_corrected_once),
            cmocka_unit_test(refusals_are_explained),
            cmocka_unit_test(a_bad_identity_is_an_error_of_the_fetch),
            cmocka_unit_test(what_is_known_of_the_certificate),
            cmocka_unit_test(a_wrong_date_is_corrected),
            cmocka_unit_test(an_unchanged_identity_is_not_read_again),
            cmocka_unit_test(an_earlier_identity_bridges_a_half_renewal),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
