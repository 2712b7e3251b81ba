// SPDX-License-Identifier: Apache-2.0
// Profiles and their credentials: state, entity tags, waits, errors, access.
#include "tests/unit/server/fixture.h"

static void returns_the_credentials_document_with_an_entity_tag(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_profile(&f, &c);
        fixture_add(&f, "b c+d", false)->life_s = 0;
        fixture_fetch_all(&f);
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        expect_member(&c, "Version", "1");
        expect_member(&c, "AccessKeyId", "ASIAEXAMPLEKEYID0001");
        expect_member(&c, "SecretAccessKey", SECRET);
        expect_member(&c, "SessionToken", TOKEN);
        expect_member(&c, "Expiration", "2026-09-01T13:16:40Z");
        assert_true(client_head_has(&c, "ETag: \"1-00000abc\"\n"));
        assert_true(client_head_has(&c, "Cache-Control: no-store\n"));

        // a name with bytes that are percent-encoded
        assert_int_equal(client_get(&c, "/v1/profiles/b%20c%2Bd/credentials"), 200);
        expect_member(&c, "Expiration", "missing");
        client_get(&c, "/v1/profiles/b%2/credentials");
        expect_problem(&c, 404, "profile_not_found");

        // other heads, the same document
        assert_int_equal(client_ask(&c, "GET " CREDENTIALS " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 200);
        assert_true(client_head_has(&c, "ETag: \"1-00000abc\"\n"));
        assert_true(client_head_has(&c, "Connection: keep-alive\n"));
        expect_member(&c, "SecretAccessKey", SECRET);
        assert_int_equal(client_get_with(&c, CREDENTIALS, "Connection: close\r\n"), 200);
        assert_true(client_head_has(&c, "Connection: close\n"));
        expect_member(&c, "SecretAccessKey", SECRET);
        client_expect_end(&c);
        stop(&f, &c);
}

static void answers_head_without_a_body(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        client_send(&c, "HEAD " CREDENTIALS " HTTP/1.1\r\n\r\nHEAD /no HTTP/1.1\r\n\r\n");
        TURN_UNTIL(&f, client_receive(&c));
        settle(&f);
        client_receive(&c);
        const char *text = buffer_c_str(&c.received);
        assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
        assert_non_null(strstr(text, "ETag: \"1-00000abc\"\r\n"));
        assert_null(strstr(text, "Content-Length: 0"));
        const char *second = strstr(text, "\r\n\r\n") + 4;
        assert_int_equal(strncmp(second, "HTTP/1.1 404 Not Found\r\n", 24), 0);
        assert_string_equal(strstr(second, "\r\n\r\n"), "\r\n\r\n");
        stop(&f, &c);
}

static void test_entity_tags(void **state)
{
        (void)state;
        static const struct {
                const char *tags;
                int status;
        } rows[] = {{"\"1-00000abc\"", 304},
                    {"W/\"1-00000abc\"", 304},
                    {"\"1-00000abd\"", 200}, // of the agent before
                    {"\"2-00000abc\"", 200},
                    {"\"1\"", 304},
                    {"W/\"1\"", 304},
                    {"\"0\", \"1\"", 304},
                    {"*", 304},
                    {"\"2\"", 200},
                    {"\"10\"", 200},
                    {"1", 200},
                    {"\"1", 200},
                    {"\"\"", 200},
                    {",", 200},
                    {"\"x\",W/\"1\"", 304},
                    {"\"01\"", 304},
                    {"\"18446744073709551617\"", 200}};
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char header[128];
                snprintf(header, sizeof(header), "If-None-Match: %s\r\n", rows[i].tags);
                int status = client_get_with(&c, CREDENTIALS, header);
                if (status != rows[i].status)
                        fail_msg("%s: %d", rows[i].tags, status);
                assert_true(client_head_has(&c, "ETag: \"1-00000abc\"\n"));
                if (status == 304) {
                        assert_int_equal(c.body.n, 0);
                        assert_false(client_head_has(&c, "Content-Length"));
                }
        }
        stop(&f, &c);
}

static void test_bad_parameters(void **state)
{
        (void)state;
        static const char *const targets[] = {
            CREDENTIALS "?wait=61",
            CREDENTIALS "?wait=-1",
            CREDENTIALS "?wait=",
            CREDENTIALS "?wait",
            CREDENTIALS "?wait=abc",
            CREDENTIALS "?wiat=3",
            CREDENTIALS "?wait=5&wait=x",
            "/v1/profiles?x=1",
            "/v1/profiles/a?wait=1",
            CREDENTIALS "?wait=2m",
            CREDENTIALS "?wait=99999999999999999999",
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        for (size_t i = 0; i < LENGTH(targets); i++) {
                client_get(&c, targets[i]);
                expect_problem(&c, 400, "invalid_request");
        }
        assert_int_equal(client_get(&c, CREDENTIALS "?"), 200);
        assert_int_equal(client_get(&c, CREDENTIALS "?wait=0"), 200);
        assert_int_equal(client_get(&c, CREDENTIALS "?wait=30s"), 200);
        stop(&f, &c);
}

static void reports_the_status_of_each_profile(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_profile(&f, &c);
        f.profiles[0].role_arn = "arn:aws:iam::111122223333:role/gateway";
        f.profiles[0].region = "us-east-1";
        fixture_add(&f, "b", true);
        fixture_fetch_all(&f);
        assert_int_equal(client_get(&c, "/v1/profiles/a"), 200);
        expect_member(&c, "name", "a");
        expect_member(&c, "type", "static");
        expect_member(&c, "state", "fresh");
        expect_member(&c, "expiration", "2026-09-01T13:16:40Z");
        expect_member(&c, "generation", "1");
        expect_member(&c, "role_arn", "arn:aws:iam::111122223333:role/gateway");
        expect_member(&c, "account_id", "111122223333");
        expect_member(&c, "region", "us-east-1");
        expect_member(&c, "on_demand", "false");
        expect_member(&c, "last_error", "null");
        expect_member(&c, "last_success", "2026-09-01T12:16:40Z");
        expect_member(&c, "refreshes", "1");
        expect_member(&c, "failures", "0");
        char text[64];
        assert_true(client_member(&c, "next_refresh", text, sizeof(text)));
        assert_int_equal(strncmp(text, "2026-09-01T12:", 14), 0);

        s->script = SCRIPT_FAIL;
        s->error = denied_by_sts();
        client_post(&c, "/v1/profiles/a/refresh", "");
        expect_problem(&c, 502, "upstream_error");
        assert_int_equal(client_get(&c, "/v1/profiles/a"), 200);
        expect_member(&c, "state", "stale");
        expect_member(&c, "last_error/kind", "denied");
        expect_member(&c, "last_error/upstream/code", "AccessDenied");
        expect_member(&c, "last_error/upstream/status", "403");
        expect_member(&c, "failures", "1");

        assert_int_equal(client_get(&c, "/v1/profiles"), 200);
        ASSERT_BODY_HAS(&c, "{\"profiles\":[{\"name\":\"a\"");
        ASSERT_BODY_HAS(&c, "{\"name\":\"b\",\"type\":\"static\",\"state\":\"empty\",\"expiration\":null");
        assert_false(client_body_has(&c, SECRET));
        assert_false(client_body_has(&c, TOKEN));
        stop(&f, &c);
}

static void test_drop_and_refresh(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_credentials(&f, &c);
        assert_int_equal(client_ask(&c, "DELETE " CREDENTIALS " HTTP/1.1\r\n\r\n"), 200);
        expect_member(&c, "expiration", "null");
        client_get(&c, CREDENTIALS);
        expect_problem(&c, 503, "credentials_unavailable");
        assert_int_equal(s->starts, 1);
        assert_int_equal(client_post(&c, "/v1/profiles/a/refresh", ""), 200);
        expect_member(&c, "state", "fresh");
        expect_member(&c, "generation", "2");
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        s->script = SCRIPT_HANG;
        f.clock.speed = FAST;
        client_post(&c, "/v1/profiles/a/refresh?wait=1", "");
        expect_problem(&c, 504, "upstream_timeout");
        assert_int_equal(client_get(&c, CREDENTIALS), 200); // still
        stop(&f, &c);
}

// --- access ---

static void applies_allow_rules_to_each_peer(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_profile(&f, &c);
        fixture_add(&f, "b", false);
        fixture_fetch_all(&f);
        uid_t self = getuid();
        uid_t stranger = self + 1;
        struct allow_rule mine = {.uids = &self, .uids_count = 1, .scopes = ALLOW_SIGN};
        struct allow_rule others = {.uids = &stranger, .uids_count = 1, .scopes = ALLOW_ALL};
        f.profiles[0].allow = &mine;
        f.profiles[0].allow_count = 1;
        f.profiles[1].allow = &others;
        f.profiles[1].allow_count = 1;
        static const struct {
                const char *request;
                int status;
                const char *code;
        } rows[] = {
            {"GET /v1/profiles/a/credentials HTTP/1.1\r\n\r\n", 403, "scope_denied"},
            {"DELETE /v1/profiles/a/credentials HTTP/1.1\r\n\r\n", 403, "scope_denied"},
            {"POST /v1/profiles/a/refresh HTTP/1.1\r\n\r\n", 403, "scope_denied"},
            {"POST /v1/profiles/a/sign HTTP/1.1\r\n\r\n", 400, "invalid_request"}, // may, but there is no body
            {"GET /v1/profiles/b/credentials HTTP/1.1\r\n\r\n", 403, "peer_not_allowed"},
            {"POST /v1/profiles/b/sign HTTP/1.1\r\n\r\n", 403, "peer_not_allowed"},
            {"GET /v1/profiles/b HTTP/1.1\r\n\r\n", 403, "peer_not_allowed"},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                client_ask(&c, rows[i].request);
                expect_problem(&c, rows[i].status, rows[i].code);
                assert_false(client_body_has(&c, SECRET));
        }
        assert_int_equal(client_get(&c, "/v1/profiles/a"), 200);
        assert_int_equal(client_get(&c, "/v1/profiles"), 200);
        ASSERT_BODY_HAS(&c, "\"name\":\"a\"");
        assert_false(client_body_has(&c, "\"name\":\"b\""));

        struct buffer log;
        fixture_read_log(&f, &log);
        size_t lines = 0;
        for (const char *at = (const char *)log.p; (at = strstr(at, "access_denied")) != NULL; at++)
                lines++;
        assert_int_equal(lines, 6);
        assert_null(strstr((const char *)log.p, SECRET));
        buffer_free(&log);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(returns_the_credentials_document_with_an_entity_tag),
            cmocka_unit_test(answers_head_without_a_body),
            cmocka_unit_test(test_entity_tags),
            cmocka_unit_test(test_bad_parameters),
            cmocka_unit_test(reports_the_status_of_each_profile),
            cmocka_unit_test(test_drop_and_refresh),
            cmocka_unit_test(applies_allow_rules_to_each_peer),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
