// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/harness.h"

#define KEYS "\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\""
#define GOOD                                                                                                           \
        "{\"Code\":\"Success\",\"LastUpdated\":\"2027-01-01T00:00:00Z\",\"Type\":\"AWS-HMAC\"," KEYS                   \
        ",\"Expiration\":\"2027-01-01T06:00:00Z\"}"
#define TTL "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\r\n"
#define TOKEN                                                                                                          \
        {                                                                                                              \
                200, TTL, "S3CRET-token=="                                                                             \
        }
#define ROLE                                                                                                           \
        {                                                                                                              \
                200, NULL, "my-role_1"                                                                                 \
        }

struct setup {
        struct harness *h;
        struct profile profile;
};

static void set_up(struct setup *s, const struct upstream_answer *answers, size_t count)
{
        memset(s, 0, sizeof(*s));
        s->h = harness_new(answers, count);
        s->profile = (struct profile){.type = PROFILE_IMDS, .imds.endpoint = s->h->upstream.url};
        harness_make(s->h, &s->profile, NULL);
}

static void must_begin(const struct setup *s, size_t i, const char *line)
{
        const char *request = s->h->upstream.requests[i];
        if (strncmp(request, line, strlen(line)) != 0)
                fail_msg("request %zu: %.80s", i, request);
}

static void must_have(const struct setup *s, size_t i, const char *name, const char *expected)
{
        char value[64];
        upstream_field(s->h->upstream.requests[i], name, value, sizeof(value));
        assert_string_equal(value, expected);
}

static void three_steps_then_two(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            TOKEN, {200, NULL, "my-role_1\nother"}, {200, DATE_HALF_PAST, GOOD}, ROLE, {200, DATE_HALF_PAST, GOOD}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        harness_run(s.h);
        assert_non_null(s.h->c);
        assert_true(slice_eq(s.h->c->access_key_id, SLICE("ASIAEXAMPLE")));
        assert_int_equal(s.h->c->expires_s, NOW_S + 6 * 3600);
        assert_int_equal(s.h->c->issued_s, NOW_S + 1800);
        harness_run(s.h);
        assert_non_null(s.h->c);
        (void)harness_requests(s.h, 5);
        must_begin(&s, 0, "PUT /latest/api/token HTTP/1.1\r\n");
        must_have(&s, 0, "X-aws-ec2-metadata-token-ttl-seconds", "21600");
        must_have(&s, 0, "Content-Length", "0");
        must_have(&s, 0, "X-aws-ec2-metadata-token", "");
        for (size_t i = 1; i < 5; i++) {
                must_begin(&s, i,
                           i % 2 == 1 ? "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n"
                                      : "GET /latest/meta-data/iam/security-credentials/my-role_1 HTTP/1.1\r\n");
                must_have(&s, i, "X-aws-ec2-metadata-token", "S3CRET-token==");
                must_have(&s, i, "X-aws-ec2-metadata-token-ttl-seconds", "");
        }
        harness_free(s.h);
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
            {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 99999999999\r\n", 0, "PUT "},
            {NULL, 0, "PUT "},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                const struct upstream_answer answers[] = {
                    {200, t[i].ttl, "t"}, ROLE, {200, NULL, GOOD}, {500, NULL, NULL}};
                struct setup s;
                set_up(&s, answers, LENGTH(answers));
                harness_run(s.h);
                assert_non_null(s.h->c);
                s.h->boot_ms += t[i].later_s * 1000;
                harness_run(s.h);
                assert_null(s.h->c);
                (void)harness_requests(s.h, 4);
                must_begin(&s, 3, t[i].second);
                harness_free(s.h);
        }
}

static void a_refused_token_is_renewed_once(void **state)
{
        (void)state;
        static const struct upstream_answer first[] = {
            TOKEN, {401, NULL, NULL}, {200, TTL, "second"}, ROLE, {200, NULL, GOOD}};
        static const struct upstream_answer later[] = {
            TOKEN, ROLE, {401, NULL, NULL}, {200, TTL, "second"}, ROLE, {200, NULL, GOOD}};
        static const struct upstream_answer always[] = {TOKEN, {401, NULL, NULL}, TOKEN, {401, NULL, NULL}};
        struct setup s;
        set_up(&s, first, LENGTH(first));
        harness_run(s.h);
        assert_non_null(s.h->c);
        (void)harness_requests(s.h, 5);
        must_begin(&s, 2, "PUT ");
        must_have(&s, 4, "X-aws-ec2-metadata-token", "second");
        harness_free(s.h);
        set_up(&s, later, LENGTH(later));
        harness_run(s.h);
        assert_non_null(s.h->c);
        (void)harness_requests(s.h, 6);
        harness_free(s.h);
        set_up(&s, always, LENGTH(always));
        harness_run(s.h);
        assert_null(s.h->c);
        assert_int_equal(s.h->e.kind, ERROR_TRANSIENT);
        (void)harness_requests(s.h, 4);
        harness_free(s.h);
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
            {{{200, TTL, ""}}, 1, ERROR_PROTOCOL, "no session token", "endpoint"},
            {{{200, TTL, "<html>\n\n</html>"}}, 1, ERROR_PROTOCOL, "no session token", "endpoint"},
            {{TOKEN, {404, NULL, NULL}}, 2, ERROR_CONFIG, "no role is attached", "instance profile"},
            {{TOKEN, {200, NULL, "\n"}}, 2, ERROR_CONFIG, "no role is attached", "instance profile"},
            {{TOKEN, {200, NULL, "../../x"}}, 2, ERROR_PROTOCOL, "no role's name", "endpoint"},
            {{TOKEN, {200, NULL, "S3CRET<html>"}}, 2, ERROR_PROTOCOL, "no role's name", "endpoint"},
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
             "cut short",
             "endpoint"},
            {{TOKEN, ROLE, {200, NULL, "{\"Code\":\"Success\"," KEYS ",\"Expiration\":\"2027-01-01T00:00:00Z\"}"}},
             3,
             ERROR_TRANSIENT,
             "ended at 2027-01-01T00:00:00Z",
             "never served"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct setup s;
                set_up(&s, t[i].answers, t[i].count);
                harness_run(s.h);
                assert_null(s.h->c);
                if (s.h->e.kind != t[i].kind || !strstr(s.h->e.message, t[i].message) ||
                    !strstr(s.h->e.hint, t[i].hint))
                        fail_msg("row %zu: kind %d, %s (%s)", i, s.h->e.kind, s.h->e.message, s.h->e.hint);
                assert_non_null(strstr(s.h->e.message, "instance metadata at http://127.0.0.1"));
                assert_null(strstr(s.h->e.message, "S3CRET"));
                (void)harness_requests(s.h, t[i].count);
                harness_free(s.h);
        }
}

static void no_answer(void **state)
{
        (void)state;
        static const struct upstream_answer hangs[] = {{0, NULL, NULL}};
        static const struct upstream_answer falls_silent[] = {TOKEN, {0, NULL, NULL}};
        char nobody[] = "http://127.0.0.1:1";
        struct setup s;
        set_up(&s, hangs, 1);
        s.profile.connect_timeout_ms = 10;
        s.profile.read_timeout_ms = 10;
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_TRANSIENT);
        assert_true(s.h->e.timed_out);
        assert_non_null(strstr(s.h->e.hint, "HttpPutResponseHopLimit"));
        harness_free(s.h);

        set_up(&s, falls_silent, 2);
        s.profile.connect_timeout_ms = 500;
        s.profile.read_timeout_ms = 500;
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_TRANSIENT);
        assert_null(strstr(s.h->e.hint, "HttpPutResponseHopLimit"));
        harness_free(s.h);

        set_up(&s, NULL, 0);
        s.profile.imds.endpoint = nobody;
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_TRANSIENT);
        assert_non_null(strstr(s.h->e.message, "refused"));
        assert_non_null(strstr(s.h->e.hint, "EC2 instance"));
        harness_free(s.h);
}

static void is_not_asked_when_disabled(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, NULL, 0);
        s.profile.imds.is_disabled = true;
        assert_int_equal(harness_start(s.h), -1);
        assert_int_equal(s.h->e.kind, ERROR_CONFIG);
        assert_non_null(strstr(s.h->e.message, "AWS_EC2_METADATA_DISABLED"));
        (void)harness_requests(s.h, 0);
        harness_free(s.h);
}

static void cancel(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{0, NULL, NULL}};
        for (int late = 0; late < 2; late++) {
                struct setup s;
                set_up(&s, answers, 1);
                s.h->cancels_on_receipt = late;
                assert_int_equal(harness_start(s.h), 0);
                if (!late)
                        provider_cancel(s.h->provider);
                harness_finish(s.h);
                assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
                harness_free(s.h);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(three_steps_then_two),
            cmocka_unit_test(tokens_end),
            cmocka_unit_test(a_refused_token_is_renewed_once),
            cmocka_unit_test(refusals),
            cmocka_unit_test(no_answer),
            cmocka_unit_test(is_not_asked_when_disabled),
            cmocka_unit_test(cancel),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
