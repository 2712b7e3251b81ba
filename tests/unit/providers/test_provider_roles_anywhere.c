// SPDX-License-Identifier: Apache-2.0
// The certificates and keys in data/ are throw-aways, made for these tests.
#include "tests/unit/providers/harness.h"

#include "proto/mem/text.h"

#define SESSION                                                                                                        \
        "{\"credentialSet\":[{\"assumedRoleUser\":{\"arn\":\"arn:aws:sts::111122223333:assumed-role/gw/1000\"},"       \
        "\"credentials\":{\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"secret\",\"sessionToken\":\"token\","  \
        "\"expiration\":\"2027-01-01T01:00:00Z\"}}],\"subjectArn\":\"s\"}"
#define JSON_TYPE "Content-Type: application/json\r\n"
#define DENIED "X-Amzn-ErrorType: AccessDeniedException:http://x/\r\nX-Amzn-RequestId: r-1\r\n"

static char role_arn[] = "arn:aws:iam::111122223333:role/gw";
static char anchor_arn[] = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/a";
static char profile_arn[] = "arn:aws:rolesanywhere:us-east-1:111122223333:profile/p";
static char region[] = "us-east-1";
static char leaf[] = TEST_DATA_DIR "/leaf.pem";
static char leaf_key[] = TEST_DATA_DIR "/leaf.key";
static char chain[] = TEST_DATA_DIR "/intermediate.pem";
static char other_key[] = TEST_DATA_DIR "/other.key";

struct setup {
        struct harness *h;
        struct profile profile;
};

static void set_up(struct setup *s, const struct upstream_answer *answers, size_t count)
{
        s->h = harness_new(answers, count);
        s->profile = (struct profile){
            .type = PROFILE_ROLES_ANYWHERE,
            .issuer_region = region,
            .endpoint_url = s->h->upstream.url,
            .role.role_arn = role_arn,
            .roles_anywhere = {.trust_anchor_arn = anchor_arn,
                               .profile_arn = profile_arn,
                               .certificate = leaf,
                               .certificate_chain = chain,
                               .private_key = leaf_key},
        };
        harness_make(s->h, &s->profile, NULL);
}

static void a_session_by_certificate(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{201, DATE_NOW JSON_TYPE, SESSION}, {200, NULL, SESSION}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        harness_run(s.h);
        if (!s.h->c)
                fail_msg("%s", s.h->e.message);
        assert_true(slice_eq(s.h->c->session_token, SLICE("token")));
        assert_true(slice_eq(s.h->c->account_id, SLICE("111122223333")));
        assert_true(s.h->c->expires_s == NOW_S + 3600);
        s.profile.roles_anywhere.certificate_chain = NULL;
        harness_run(s.h);
        assert_non_null(s.h->c);

        const char *request = harness_requests(s.h, 2);
        static char value[4096];
        assert_non_null(strstr(request, "POST /sessions HTTP/1.1\r\n"));
        assert_string_equal(upstream_body(request),
                            "{\"profileArn\":\"arn:aws:rolesanywhere:us-east-1:111122223333:profile/p\",\"roleArn\":"
                            "\"arn:aws:iam::111122223333:role/gw\",\"trustAnchorArn\":\"arn:aws:rolesanywhere:"
                            "us-east-1:111122223333:trust-anchor/a\"}");
        upstream_field(request, "Content-Type", value, sizeof(value));
        assert_string_equal(value, "application/json");
        upstream_field(request, "X-Amz-Date", value, sizeof(value));
        assert_string_equal(value, "20270101T000000Z");
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
        harness_free(s.h);
}

static void a_wrong_clock_is_corrected_once(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {403, DATE_HALF_PAST DENIED, "{\"message\":\"Invalid signature\"}"},
            {201, DATE_HALF_PAST, SESSION},
        };
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        harness_run(s.h);
        if (!s.h->c)
                fail_msg("%s", s.h->e.message);
        (void)harness_requests(s.h, 2);
        char value[64];
        upstream_field(s.h->upstream.requests[1], "X-Amz-Date", value, sizeof(value));
        assert_memory_equal(value, "20270101T00300", 14);
        harness_free(s.h);
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
            {{201, DATE_NOW, "{\"credentialSet\":[]}"}, ERROR_PROTOCOL, "", "credentialSet is empty", ""},
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
                assert_null(s.h->c);
                if (s.h->e.kind != t[i].kind || !strstr(s.h->e.message, t[i].message) ||
                    !strstr(s.h->e.hint, t[i].hint))
                        fail_msg("%zu: %s: %s | %s", i, error_kind_name(s.h->e.kind), s.h->e.message, s.h->e.hint);
                assert_string_equal(s.h->e.upstream.code, t[i].code);
                harness_free(s.h);
        }
}

static void a_bad_identity_is_an_error_of_the_fetch(void **state)
{
        (void)state;
        static char missing[] = TEST_DATA_DIR "/none.pem";
        struct setup s;
        set_up(&s, NULL, 0);
        s.profile.roles_anywhere.private_key = other_key;
        assert_int_equal(harness_start(s.h), -1);
        assert_int_equal(s.h->e.kind, ERROR_CONFIG);
        s.profile.roles_anywhere.private_key = leaf_key;
        s.profile.roles_anywhere.certificate = missing;
        assert_int_equal(harness_start(s.h), -1);
        assert_int_equal(s.h->e.kind, ERROR_CONFIG);
        assert_non_null(strstr(s.h->e.message, "none.pem"));
        s.profile.roles_anywhere.certificate = leaf;
        s.h->wall_ms = INT64_C(7258118400000); // the year 2200: expired
        assert_int_equal(harness_start(s.h), -1);
        assert_int_equal(s.h->e.kind, ERROR_CONFIG);
        (void)harness_requests(s.h, 0);
        harness_free(s.h);
}

// Files that do not belong together for a moment: the identity of last time serves on, while it is valid.
static void an_earlier_identity_bridges_a_half_renewal(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{201, NULL, SESSION}, {201, NULL, SESSION}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        harness_run(s.h);
        assert_non_null(s.h->c);
        s.profile.roles_anywhere.private_key = other_key;
        harness_run(s.h);
        assert_non_null(s.h->c);
        s.h->wall_ms = INT64_C(7258118400000);
        assert_int_equal(harness_start(s.h), -1);
        assert_int_equal(s.h->e.kind, ERROR_CONFIG);
        harness_free(s.h);
}

static void cancel_while_aws_works(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{0, NULL, NULL}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        s.h->cancels_on_receipt = true;
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        harness_free(s.h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_session_by_certificate),
            cmocka_unit_test(a_wrong_clock_is_corrected_once),
            cmocka_unit_test(refusals_are_explained),
            cmocka_unit_test(a_bad_identity_is_an_error_of_the_fetch),
            cmocka_unit_test(an_earlier_identity_bridges_a_half_renewal),
            cmocka_unit_test(cancel_while_aws_works),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
