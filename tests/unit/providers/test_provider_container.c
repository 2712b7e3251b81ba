// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/harness.h"

#define KEYS "\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\""
#define GOOD "{" KEYS ",\"Expiration\":\"2027-01-01T06:00:00Z\",\"AccountId\":\"123456789012\"}"
#define JSON_TYPE "Content-Type: application/json\r\n"

static char secret_path[] = "/v2/credentials/S3CRET-path";

struct setup {
        struct harness *h;
        struct profile profile;
        char url[128], folder[32], path[64];
};

static void set_up(struct setup *s, const struct upstream_answer *answers, size_t count)
{
        memset(s, 0, sizeof(*s));
        (void)snprintf(s->folder, sizeof(s->folder), "/tmp/keyfob-test-XXXXXX");
        assert_non_null(mkdtemp(s->folder));
        (void)snprintf(s->path, sizeof(s->path), "%s/token", s->folder);
        s->h = harness_new(answers, count);
        (void)snprintf(s->url, sizeof(s->url), "%s%s", s->h->upstream.url, secret_path);
        s->profile = (struct profile){.type = PROFILE_CONTAINER, .container.url = s->url};
        harness_make(s->h, &s->profile, NULL);
}

static void tear_down(struct setup *s)
{
        harness_free(s->h);
        (void)remove(s->path);
        assert_int_equal(rmdir(s->folder), 0);
}

static void write_token(const char *path, const char *text)
{
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static void asks_and_takes(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {200, DATE_HALF_PAST JSON_TYPE, GOOD},
            {200, JSON_TYPE,
             "{" KEYS ",\"Expiration\":\"2027-01-01T06:00:00.123456789Z\",\"RoleArn\":"
             "\"arn:aws:iam::210987654321:role/r\",\"New\":[1]}"}};
        char token[] = "Bearer a.b-c";
        char value[64];
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        s.profile.container.authorization_token = (struct secret){(uint8_t *)token, strlen(token)};
        harness_run(s.h);
        assert_non_null(s.h->c);
        assert_true(slice_eq(s.h->c->access_key_id, SLICE("ASIAEXAMPLE")));
        assert_true(slice_eq(s.h->c->session_token, SLICE("token")));
        assert_true(slice_eq(s.h->c->account_id, SLICE("123456789012")));
        assert_int_equal(s.h->c->expires_s, NOW_S + 6 * 3600);
        assert_int_equal(s.h->c->issued_s, NOW_S + 1800); // by the endpoint's clock
        s.profile.container.authorization_token = (struct secret){NULL, 0};
        harness_run(s.h);
        assert_non_null(s.h->c);
        assert_true(slice_eq(s.h->c->account_id, SLICE("210987654321")));
        assert_true(slice_eq(s.h->c->assumed_role_arn, SLICE("arn:aws:iam::210987654321:role/r")));

        const char *request = harness_requests(s.h, 2);
        assert_true(slice_starts_with(slice_str(request), SLICE("GET /v2/credentials/S3CRET-path HTTP/1.1\r\n")));
        upstream_field(request, "Authorization", value, sizeof(value));
        assert_string_equal(value, "Bearer a.b-c");
        upstream_field(request, "Accept", value, sizeof(value));
        assert_string_equal(value, "application/json");
        upstream_field(request, "Content-Length", value, sizeof(value));
        assert_string_equal(value, "");
        assert_null(strcasestr(s.h->upstream.requests[1], "\r\nauthorization:"));
        tear_down(&s);
}

static void the_token_file_is_read_anew_and_wins(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, JSON_TYPE, GOOD}, {200, JSON_TYPE, GOOD}};
        char token[] = "of the configuration";
        char value[64];
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        s.profile.container.authorization_token = (struct secret){(uint8_t *)token, strlen(token)};
        s.profile.container.authorization_token_file = s.path;
        write_token(s.path, "first");
        harness_run(s.h);
        write_token(s.path, "second");
        harness_run(s.h);
        assert_non_null(s.h->c);
        upstream_field(harness_requests(s.h, 2), "Authorization", value, sizeof(value));
        assert_string_equal(value, "first");
        upstream_field(s.h->upstream.requests[1], "Authorization", value, sizeof(value));
        assert_string_equal(value, "second");
        tear_down(&s);
}

static void bad_token_files(void **state)
{
        (void)state;
        static const char *const t[] = {NULL, "", "S3CRET\n", "S3CRET\r\nX: y", "S3\x01", "S3CRET\xc3\xa9"};
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct setup s;
                set_up(&s, NULL, 0);
                s.profile.container.authorization_token_file = s.path;
                if (t[i])
                        write_token(s.path, t[i]);
                assert_int_equal(harness_start(s.h), -1);
                assert_int_equal(s.h->e.kind, ERROR_CONFIG);
                assert_non_null(strstr(s.h->e.message, s.path));
                assert_true(s.h->e.hint[0] != '\0');
                assert_null(strstr(s.h->e.message, "S3CRET"));
                (void)harness_requests(s.h, 0);
                tear_down(&s);
        }
}

static void refusals(void **state)
{
        (void)state;
        static const struct {
                struct upstream_answer answer;
                enum error_kind kind;
                const char *code, *message, *hint;
        } t[] = {
            {{400, JSON_TYPE, "{\"code\":\"InvalidIdInRequest\",\"message\":\"no such ID\"}"},
             ERROR_DENIED,
             "InvalidIdInRequest",
             "no such ID",
             "another container"},
            {{503, JSON_TYPE, "{\"code\":\"CredentialsUninitialized\",\"message\":\"m\"}"},
             ERROR_TRANSIENT,
             "CredentialsUninitialized",
             "m",
             "yet"},
            {{500, JSON_TYPE, "{\"code\":\"InternalServerError\",\"message\":\"m\"}"},
             ERROR_TRANSIENT,
             "InternalServerError",
             "m",
             "by itself"},
            {{403, JSON_TYPE, "{\"Code\":\"Denied\",\"Message\":\"no\"}"}, ERROR_DENIED, "Denied", "no", "token"},
            {{400, "Content-Type: text/plain\r\n",
              "[8f1c]: (AccessDeniedException): not allowed (really), fault: client\n"},
             ERROR_DENIED,
             "AccessDeniedException",
             "not allowed (really)",
             "pods.eks.amazonaws.com"},
            {{404, "Content-Type: text/plain\r\n", "[8f1c]: (ResourceNotFoundException): m, fault: client"},
             ERROR_DENIED,
             "ResourceNotFoundException",
             "m",
             "association"},
            {{429, "Content-Type: text/plain\r\n", "slow"}, ERROR_THROTTLED, "", "HTTP 429", "fewer"},
            {{403, "Content-Type: text/plain\r\n", "Access Denied S3CRET"}, ERROR_PROTOCOL, "", "HTTP 403", "token"},
            {{404, NULL, ""}, ERROR_PROTOCOL, "", "HTTP 404", "path"},
            {{302, "Location: http://127.0.0.1/\r\n", ""}, ERROR_PROTOCOL, "", "HTTP 302", ""},
            {{201, JSON_TYPE, GOOD}, ERROR_PROTOCOL, "", "HTTP 201", ""},
            {{200, JSON_TYPE, "{\"Code\":\"Failed\",\"Message\":\"why\"," KEYS "}"}, ERROR_DENIED, "Failed", "why", ""},
            {{200, JSON_TYPE, "{" KEYS "}"}, ERROR_PROTOCOL, "", "lacks Expiration", "address"},
            {{200, JSON_TYPE, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S3CRET\"}"},
             ERROR_PROTOCOL,
             "",
             "lacks Token",
             "address"},
            {{200, JSON_TYPE, "{" KEYS ",\"Expiration\":\"tomorrow\"}"}, ERROR_PROTOCOL, "", "RFC 3339", ""},
            {{200, JSON_TYPE, "{" KEYS ",\"Expiration\":1798761601}"}, ERROR_PROTOCOL, "", "no text", ""},
            {{200, JSON_TYPE, "{" KEYS ",\"Expiration\":\"2026-12-31T23:59:59Z\"}"},
             ERROR_TRANSIENT,
             "",
             "ended at 2026-12-31T23:59:59Z",
             "clock"},
            {{200, JSON_TYPE, "{" KEYS ",\"Expiration\":\"2027-01-01T06:0"}, ERROR_PROTOCOL, "", "cut short", "URI"},
            {{200, JSON_TYPE, "S3CRET"}, ERROR_PROTOCOL, "", "not JSON", "URI"},
            {{200, JSON_TYPE, "[]"}, ERROR_PROTOCOL, "", "no JSON object", "URI"},
            {{200, JSON_TYPE, ""}, ERROR_PROTOCOL, "", "empty", "URI"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                const struct upstream_answer answers[] = {t[i].answer};
                struct setup s;
                set_up(&s, answers, 1);
                harness_run(s.h);
                assert_null(s.h->c);
                if (s.h->e.kind != t[i].kind || strcmp(s.h->e.upstream.code, t[i].code) != 0 ||
                    !strstr(s.h->e.message, t[i].message) || !strstr(s.h->e.hint, t[i].hint))
                        fail_msg("row %zu: kind %d, %s (%s)", i, s.h->e.kind, s.h->e.message, s.h->e.hint);
                assert_non_null(strstr(s.h->e.message, "127.0.0.1"));
                assert_null(strstr(s.h->e.message, "S3CRET"));
                assert_null(strstr(s.h->e.hint, "S3CRET"));
                tear_down(&s);
        }
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
                tear_down(&s);
        }
}

static void times_out(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{0, NULL, NULL}};
        struct setup s;
        set_up(&s, answers, 1);
        s.profile.connect_timeout_ms = 10;
        s.profile.read_timeout_ms = 10;
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_TRANSIENT);
        assert_true(s.h->e.timed_out);
        assert_null(strstr(s.h->e.message, "S3CRET"));
        tear_down(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(asks_and_takes),  cmocka_unit_test(the_token_file_is_read_anew_and_wins),
            cmocka_unit_test(bad_token_files), cmocka_unit_test(refusals),
            cmocka_unit_test(cancel),          cmocka_unit_test(times_out),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
