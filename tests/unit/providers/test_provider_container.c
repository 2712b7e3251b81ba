// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/harness.h"

#define KEYS "\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\""
#define GOOD "{" KEYS ",\"Expiration\":\"2027-01-01T06:00:00Z\",\"AccountId\":\"123456789012\"}"
#define JSON_TYPE "Content-Type: application/json\r\n"

static char secret_path[] = "/v2/credentials/S3CRET-path";

static struct harness *set_up(const struct upstream_answer *answers, size_t count)
{
        struct harness *h = harness_new(answers, count);
        harness_file(h, "token");
        (void)snprintf(h->text, sizeof(h->text), "%s%s", h->upstream.url, secret_path);
        h->profile = (struct profile){.type = PROFILE_CONTAINER, .container.url = h->text};
        harness_make(h, &h->profile, NULL);
        return h;
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
        struct harness *h = set_up(answers, LENGTH(answers));
        h->profile.container.authorization_token = (struct secret){(uint8_t *)token, strlen(token)};
        harness_run_to_credentials(h);
        assert_slice(h->c->access_key_id, "ASIAEXAMPLE");
        assert_slice(h->c->session_token, "token");
        assert_slice(h->c->account_id, "123456789012");
        assert_int_equal(h->c->expires_s, NOW_S + 6 * 3600);
        assert_int_equal(h->c->issued_s, NOW_S + 1800); // by the endpoint's clock
        h->profile.container.authorization_token = (struct secret){NULL, 0};
        harness_run_to_credentials(h);
        assert_slice(h->c->account_id, "210987654321");
        assert_slice(h->c->assumed_role_arn, "arn:aws:iam::210987654321:role/r");

        (void)harness_requests(h, 2);
        harness_begins(h, 0, "GET /v2/credentials/S3CRET-path HTTP/1.1\r\n");
        harness_has_field(h, 0, "Authorization", "Bearer a.b-c");
        harness_has_field(h, 0, "Accept", "application/json");
        harness_has_field(h, 0, "Content-Length", "");
        assert_null(strcasestr(h->upstream.requests[1], "\r\nauthorization:"));
        harness_free(h);
}

static void the_token_file_is_read_anew_and_wins(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({200, JSON_TYPE, GOOD}, {200, JSON_TYPE, GOOD}));
        char token[] = "of the configuration";
        h->profile.container.authorization_token = (struct secret){(uint8_t *)token, strlen(token)};
        h->profile.container.authorization_token_file = h->file;
        write_file(h->file, "first");
        harness_run(h);
        write_file(h->file, "second");
        harness_run_to_credentials(h);
        (void)harness_requests(h, 2);
        harness_has_field(h, 0, "Authorization", "first");
        harness_has_field(h, 1, "Authorization", "second");
        harness_free(h);
}

static void bad_token_files(void **state)
{
        (void)state;
        static const char *const t[] = {NULL, "", "S3CRET\n", "S3CRET\r\nX: y", "S3\x01", "S3CRET\xc3\xa9"};
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct harness *h = set_up(NULL, 0);
                h->profile.container.authorization_token_file = h->file;
                if (t[i])
                        write_file(h->file, t[i]);
                harness_run_to_error(h, ERROR_CONFIG);
                assert_non_null(strstr(h->e.message, h->file));
                assert_true(h->e.hint[0] != '\0');
                harness_expect_unreported(h, "S3CRET");
                (void)harness_requests(h, 0);
                harness_free(h);
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
            {{200, JSON_TYPE, "{\"Code\":\"Failed\",\"Message\":\"why\"," KEYS "}"}, ERROR_DENIED, "Failed", "why", ""},
            {{200, JSON_TYPE, "{" KEYS "}"}, ERROR_PROTOCOL, "", "lacks Expiration", "address"},
            {{200, JSON_TYPE, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S3CRET\"}"},
             ERROR_PROTOCOL,
             "",
             "lacks Token",
             "address"},
            {{200, JSON_TYPE, "{" KEYS ",\"Expiration\":\"tomorrow\"}"}, ERROR_PROTOCOL, "", "RFC 3339", ""},
            {{200, JSON_TYPE, "{" KEYS ",\"Expiration\":1798761601}"},
             ERROR_PROTOCOL,
             "",
             "Expiration is not a string",
             ""},
            {{200, JSON_TYPE, "{" KEYS ",\"Expiration\":\"2026-12-31T23:59:59Z\"}"},
             ERROR_TRANSIENT,
             "",
             "expired at 2026-12-31T23:59:59Z",
             "clock"},
            {{200, JSON_TYPE, "{" KEYS ",\"Expiration\":\"2027-01-01T06:0"},
             ERROR_PROTOCOL,
             "",
             "invalid JSON",
             "address"},
            {{200, JSON_TYPE, "S3CRET"}, ERROR_PROTOCOL, "", "invalid JSON", "address"},
            {{200, JSON_TYPE, "[]"}, ERROR_PROTOCOL, "", "an array, expected a JSON object", "address"},
            {{200, JSON_TYPE, ""}, ERROR_PROTOCOL, "", "empty", "address"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct harness *h = set_up(&t[i].answer, 1);
                harness_run(h);
                harness_expect_error(h, i, t[i].kind, t[i].message, t[i].hint);
                assert_string_equal(h->e.upstream.code, t[i].code);
                assert_non_null(strstr(h->e.message, "127.0.0.1"));
                harness_expect_unreported(h, "S3CRET");
                harness_free(h);
        }
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

static void times_out(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({SILENCE}));
        h->profile.connect_timeout_ms = 10;
        h->profile.read_timeout_ms = 10;
        harness_run_to_error(h, ERROR_TRANSIENT);
        assert_true(h->e.timed_out);
        assert_null(strstr(h->e.message, "S3CRET"));
        harness_free(h);
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
