// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/harness.h"

#define KEYS "\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\""
#define GOOD                                                                                                           \
        "{\"Code\":\"Success\",\"LastUpdated\":\"2027-01-01T00:00:00Z\",\"Type\":\"AWS-HMAC\"," KEYS                   \
        ",\"Expiration\":\"2027-01-01T06:00:00Z\"}"
#define TTL "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\r\n"
// clang-format off
#define TOKEN {200, TTL, "S3CRET-token=="}
#define ROLE {200, NULL, "my-role_1"}
// clang-format on

static struct harness *set_up(const struct upstream_answer *answers, size_t count)
{
        struct harness *h = harness_new(answers, count);
        h->profile = (struct profile){.type = PROFILE_IMDS, .imds.endpoint = h->upstream.url};
        harness_make(h, &h->profile, NULL);
        return h;
}

static void three_steps_then_two(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            TOKEN, {200, NULL, "my-role_1\nother"}, {200, DATE_HALF_PAST, GOOD}, ROLE, {200, DATE_HALF_PAST, GOOD}};
        struct harness *h = set_up(answers, LENGTH(answers));
        harness_run_to_credentials(h);
        assert_slice(h->c->access_key_id, "ASIAEXAMPLE");
        assert_int_equal(h->c->expires_s, NOW_S + 6 * 3600);
        assert_int_equal(h->c->issued_s, NOW_S + 1800);
        harness_run_to_credentials(h);
        (void)harness_requests(h, 5);
        harness_begins(h, 0, "PUT /latest/api/token HTTP/1.1\r\n");
        harness_has_field(h, 0, "X-aws-ec2-metadata-token-ttl-seconds", "21600");
        harness_has_field(h, 0, "Content-Length", "0");
        harness_has_field(h, 0, "X-aws-ec2-metadata-token", "");
        for (size_t i = 1; i < 5; i++) {
                harness_begins(h, i,
                               i % 2 == 1 ? "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n"
                                          : "GET /latest/meta-data/iam/security-credentials/my-role_1 HTTP/1.1\r\n");
                harness_has_field(h, i, "X-aws-ec2-metadata-token", "S3CRET-token==");
                harness_has_field(h, i, "X-aws-ec2-metadata-token-ttl-seconds", "");
        }
        harness_free(h);
}

// A token is kept for as long as the service says, less a margin, and not at all when it does not say.
static void tokens_end(void **state)
{
        (void)state;
        static const struct {
                const char *ttl;
                int64_t later_s;
                const char *second;
        } t[] = {
            {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 300\r\n", 179, "GET "},
            {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 300\r\n", 181, "PUT "},
            {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 60\r\n", 0, "PUT "},
            {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 120\r\n", 0, "PUT "},
            {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\r\n", 21479, "GET "},
            {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21601\r\n", 0, "PUT "}, // more than was asked for
            {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 99999999999\r\n", 0, "PUT "},
            {NULL, 0, "PUT "},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                const struct upstream_answer answers[] = {
                    {200, t[i].ttl, "t"}, ROLE, {200, NULL, GOOD}, {500, NULL, NULL}};
                struct harness *h = set_up(answers, LENGTH(answers));
                harness_run_to_credentials(h);
                h->boot_ms += t[i].later_s * 1000;
                harness_run(h);
                assert_null(h->c);
                (void)harness_requests(h, 4);
                harness_begins(h, 3, t[i].second);
                harness_free(h);
        }
}

static void an_expired_token_is_replaced(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({200, "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 300\r\n", "first"}, ROLE,
                                           {200, NULL, GOOD}, {200, TTL, "second"}, ROLE, {200, NULL, GOOD}));
        harness_run_to_credentials(h);
        h->boot_ms += 181 * 1000;
        harness_run_to_credentials(h);
        (void)harness_requests(h, 6);
        harness_has_field(h, 5, "X-aws-ec2-metadata-token", "second");
        harness_free(h); // and the first one is gone, see tests/canary_wrap.c
}

static void a_refused_token_is_renewed_once(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS(TOKEN, {401, NULL, NULL}, {200, TTL, "second"}, ROLE, {200, NULL, GOOD}));
        harness_run_to_credentials(h);
        (void)harness_requests(h, 5);
        harness_begins(h, 2, "PUT ");
        harness_has_field(h, 4, "X-aws-ec2-metadata-token", "second");
        harness_free(h);

        h = set_up(ANSWERS(TOKEN, ROLE, {401, NULL, NULL}, {200, TTL, "second"}, ROLE, {200, NULL, GOOD}));
        harness_run_to_credentials(h);
        (void)harness_requests(h, 6);
        harness_free(h);

        h = set_up(ANSWERS(TOKEN, {401, NULL, NULL}, TOKEN, {401, NULL, NULL}));
        harness_run_to_error(h, ERROR_TRANSIENT);
        (void)harness_requests(h, 4);
        harness_free(h);
}

// What went wrong before the credentials may be the token's fault: the next run takes another.
static void a_failure_takes_the_token_along(void **state)
{
        (void)state;
        struct harness *h =
            set_up(ANSWERS(TOKEN, {503, NULL, NULL}, {200, TTL, "second"}, ROLE, {503, NULL, NULL}, {503, NULL, NULL}));
        harness_run_to_error(h, ERROR_TRANSIENT);
        harness_run_to_error(h, ERROR_TRANSIENT);
        harness_run_to_error(h, ERROR_TRANSIENT);
        (void)harness_requests(h, 6);
        harness_begins(h, 2, "PUT ");
        harness_has_field(h, 3, "X-aws-ec2-metadata-token", "second");
        harness_has_field(h, 5, "X-aws-ec2-metadata-token", "second"); // it had been good for the role's name
        harness_free(h);
}

static void refusals(void **state)
{
        (void)state;
        static const struct {
                struct upstream_answer answers[3];
                size_t count;
                enum error_kind kind;
                const char *message, *hint;
        } t[] = {
            {{{403, NULL, "S3CRET"}}, 1, ERROR_DENIED, "switched off", "--http-endpoint enabled"},
            {{{404, NULL, NULL}}, 1, ERROR_CONFIG, "not an IMDSv2 endpoint", "IMDSv1"},
            {{{405, NULL, NULL}}, 1, ERROR_CONFIG, "not an IMDSv2 endpoint", "IMDSv1"},
            {{{400, NULL, NULL}}, 1, ERROR_PROTOCOL, "HTTP 400", "endpoint"},
            {{{503, NULL, NULL}}, 1, ERROR_TRANSIENT, "HTTP 503", "by itself"},
            {{{429, NULL, NULL}}, 1, ERROR_THROTTLED, "HTTP 429", "by itself"},
            {{{302, NULL, NULL}}, 1, ERROR_PROTOCOL, "HTTP 302", "endpoint"},
            {{{200, TTL, ""}}, 1, ERROR_PROTOCOL, "not a session token", "endpoint"},
            {{{200, TTL, "<html>\n\n</html>"}}, 1, ERROR_PROTOCOL, "not a session token", "endpoint"},
            {{TOKEN, {404, NULL, NULL}}, 2, ERROR_CONFIG, "no role is attached", "instance profile"},
            {{TOKEN, {200, NULL, "\n"}}, 2, ERROR_CONFIG, "no role is attached", "instance profile"},
            {{TOKEN, {200, NULL, "../../x"}}, 2, ERROR_PROTOCOL, "not the name of a role", "endpoint"},
            {{TOKEN, {200, NULL, "S3CRET<html>"}}, 2, ERROR_PROTOCOL, "not the name of a role", "endpoint"},
            {{TOKEN, {403, NULL, NULL}}, 2, ERROR_DENIED, "denied", "firewalls"},
            {{TOKEN, ROLE, {404, NULL, NULL}}, 3, ERROR_TRANSIENT, "no credentials", "by itself"},
            {{TOKEN, ROLE, {200, NULL, "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot\"}"}},
             3,
             ERROR_DENIED,
             "AssumeRoleUnauthorizedAccess: EC2 cannot",
             "ec2.amazonaws.com"},
            {{TOKEN, ROLE, {200, NULL, "{\"Code\":\"Failed\"," KEYS ",\"Expiration\":\"2027-01-01T06:00:00Z\"}"}},
             3,
             ERROR_DENIED,
             "Failed",
             "trust policy"},
            {{TOKEN, ROLE, {200, NULL, "{\"Code\":\"Success\"," KEYS "}"}}, 3, ERROR_PROTOCOL, "lacks Expiration", ""},
            {{TOKEN, ROLE, {200, NULL, "{\"Code\":\"Success\",\"SecretAccessKey\":\"S3CRET"}},
             3,
             ERROR_PROTOCOL,
             "invalid JSON",
             "check the address"},
            {{TOKEN, ROLE, {200, NULL, "{\"Code\":\"Success\"," KEYS ",\"Expiration\":\"2027-01-01T00:00:00Z\"}"}},
             3,
             ERROR_TRANSIENT,
             "expired at 2027-01-01T00:00:00Z",
             "never serves"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct harness *h = set_up(t[i].answers, t[i].count);
                harness_run(h);
                harness_expect_error(h, i, t[i].kind, t[i].message, t[i].hint);
                assert_non_null(strstr(h->e.message, "instance metadata at http://127.0.0.1"));
                harness_expect_unreported(h, "S3CRET");
                (void)harness_requests(h, t[i].count);
                harness_free(h);
        }
}

static void no_answer(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({SILENCE}));
        char nobody[] = "http://127.0.0.1:1";
        h->profile.connect_timeout_ms = 10;
        h->profile.read_timeout_ms = 10;
        harness_run_to_error(h, ERROR_TRANSIENT);
        assert_true(h->e.timed_out);
        assert_non_null(strstr(h->e.hint, "HttpPutResponseHopLimit"));
        harness_free(h);

        h = set_up(ANSWERS(TOKEN, {SILENCE}));
        h->profile.connect_timeout_ms = 500;
        h->profile.read_timeout_ms = 500;
        harness_run_to_error(h, ERROR_TRANSIENT);
        assert_null(strstr(h->e.hint, "HttpPutResponseHopLimit"));
        harness_free(h);

        h = set_up(NULL, 0);
        h->profile.imds.endpoint = nobody;
        harness_run_to_error(h, ERROR_TRANSIENT);
        assert_non_null(strstr(h->e.message, "refused"));
        assert_non_null(strstr(h->e.hint, "EC2 instance"));
        harness_free(h);
}

static void is_not_asked_when_disabled(void **state)
{
        (void)state;
        struct harness *h = set_up(NULL, 0);
        h->profile.imds.is_disabled = true;
        harness_does_not_start(h, ERROR_CONFIG);
        assert_non_null(strstr(h->e.message, "AWS_EC2_METADATA_DISABLED"));
        (void)harness_requests(h, 0);
        harness_free(h);
}

static void cancel(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({SILENCE}));
        harness_cancel_at_once(h);
        harness_free(h);
        h = set_up(ANSWERS({SILENCE}));
        harness_cancel_on_receipt(h);
        harness_free(h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(three_steps_then_two),
            cmocka_unit_test(tokens_end),
            cmocka_unit_test(a_refused_token_is_renewed_once),
            cmocka_unit_test(a_failure_takes_the_token_along),
            cmocka_unit_test(an_expired_token_is_replaced),
            cmocka_unit_test(refusals),
            cmocka_unit_test(no_answer),
            cmocka_unit_test(is_not_asked_when_disabled),
            cmocka_unit_test(cancel),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
