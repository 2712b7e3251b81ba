// SPDX-License-Identifier: Apache-2.0
// Profiles and their credentials: state, entity tags, waits, errors, access.
#include "tests/unit/server/fixture.h"

#define CREDENTIALS "/v1/profiles/a/credentials"

static void ask(struct client *c, const char *target, const char *header)
{
        char request[512];
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n%s\r\n", target, header);
        client_send(c, request);
}

static int get_with(struct client *c, const char *target, const char *header)
{
        ask(c, target, header);
        return client_answer(c);
}

static struct error denied(void)
{
        struct error e;
        error_set(&e, ERROR_DENIED, "STS AssumeRole: not authorized");
        error_hint(&e, "check the trust policy");
        snprintf(e.upstream.service, sizeof(e.upstream.service), "sts");
        snprintf(e.upstream.code, sizeof(e.upstream.code), "AccessDenied");
        snprintf(e.upstream.message, sizeof(e.upstream.message), "User is \"not\" authorized");
        snprintf(e.upstream.request_id, sizeof(e.upstream.request_id), "req-1");
        e.upstream.status = 403;
        return e;
}

static struct error transient(bool timed_out)
{
        struct error e;
        error_set(&e, ERROR_TRANSIENT, "connect to sts: refused");
        e.timed_out = timed_out;
        return e;
}

static void test_credentials(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        fixture_add(&f, "a", false);
        fixture_add(&f, "b c+d", false)->life_s = 0;
        fixture_fetch_all(&f);
        struct client c = client_open(&f);
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        expect_member(&c, "Version", "1");
        expect_member(&c, "AccessKeyId", "ASIAEXAMPLEKEYID0001");
        expect_member(&c, "SecretAccessKey", SECRET);
        expect_member(&c, "SessionToken", TOKEN);
        expect_member(&c, "Expiration", "2026-09-01T13:16:40Z");
        assert_true(client_head_has(&c, "ETag: \"1\"\n"));
        assert_true(client_head_has(&c, "Cache-Control: no-store\n"));

        // a name with bytes that are percent-encoded
        assert_int_equal(client_get(&c, "/v1/profiles/b%20c%2Bd/credentials"), 200);
        expect_member(&c, "Expiration", "missing");
        client_get(&c, "/v1/profiles/b%2/credentials");
        expect_problem(&c, 404, "profile_not_found");

        // other heads, the same document
        assert_int_equal(client_ask(&c, "GET " CREDENTIALS " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 200);
        assert_true(client_head_has(&c, "ETag: \"1\"\n"));
        assert_true(client_head_has(&c, "Connection: keep-alive\n"));
        expect_member(&c, "SecretAccessKey", SECRET);
        assert_int_equal(get_with(&c, CREDENTIALS, "Connection: close\r\n"), 200);
        assert_true(client_head_has(&c, "Connection: close\n"));
        expect_member(&c, "SecretAccessKey", SECRET);
        client_expect_end(&c);
        client_close(&c);
        fixture_stop(&f);
}

static void test_head(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        fixture_add(&f, "a", false);
        fixture_fetch_all(&f);
        struct client c = client_open(&f);
        client_send(&c, "HEAD " CREDENTIALS " HTTP/1.1\r\n\r\nHEAD /no HTTP/1.1\r\n\r\n");
        TURN_UNTIL(&f, client_receive(&c));
        settle(&f);
        client_receive(&c);
        const char *text = buffer_c_str(&c.received);
        assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
        assert_non_null(strstr(text, "ETag: \"1\"\r\n"));
        assert_null(strstr(text, "Content-Length: 0"));
        const char *second = strstr(text, "\r\n\r\n") + 4;
        assert_int_equal(strncmp(second, "HTTP/1.1 404 Not Found\r\n", 24), 0);
        assert_string_equal(strstr(second, "\r\n\r\n"), "\r\n\r\n");
        client_close(&c);
        fixture_stop(&f);
}

static void test_entity_tags(void **state)
{
        (void)state;
        static const struct {
                const char *tags;
                int status;
        } rows[] = {{"\"1\"", 304},
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
        fixture_start(&f);
        fixture_add(&f, "a", false);
        fixture_fetch_all(&f);
        struct client c = client_open(&f);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char header[128];
                snprintf(header, sizeof(header), "If-None-Match: %s\r\n", rows[i].tags);
                int status = get_with(&c, CREDENTIALS, header);
                if (status != rows[i].status)
                        fail_msg("%s: %d", rows[i].tags, status);
                assert_true(client_head_has(&c, "ETag: \"1\"\n"));
                if (status == 304) {
                        assert_int_equal(c.body.n, 0);
                        assert_false(client_head_has(&c, "Content-Length"));
                }
        }
        client_close(&c);
        fixture_stop(&f);
}

static void test_long_poll(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = fixture_add(&f, "a", false);
        fixture_fetch_all(&f);
        struct client c = client_open(&f);
        struct client admin = client_open(&f);

        // answered by a rotation
        f.clock.speed = 1; // whose time is not up within this test
        ask(&c, CREDENTIALS "?wait=60", "If-None-Match: \"1\"\r\n");
        settle(&f);
        assert_false(client_receive(&c));
        s->access_key_id = "ASIAEXAMPLEKEYID0002";
        assert_int_equal(client_post(&admin, "/v1/profiles/a/refresh", ""), 200);
        expect_member(&admin, "generation", "2");
        assert_int_equal(client_answer(&c), 200);
        expect_member(&c, "AccessKeyId", "ASIAEXAMPLEKEYID0002");
        assert_true(client_head_has(&c, "ETag: \"2\"\n"));

        // not by a refresh that fails while what is held is good
        s->script = SCRIPT_FAIL;
        s->error = denied();
        ask(&c, CREDENTIALS "?wait=60", "If-None-Match: \"2\"\r\n");
        settle(&f);
        client_post(&admin, "/v1/profiles/a/refresh", "");
        expect_problem(&admin, 502, "upstream_error");
        settle(&f);
        assert_false(client_receive(&c));
        s->script = SCRIPT_GIVE;
        assert_int_equal(client_post(&admin, "/v1/profiles/a/refresh", ""), 200);
        assert_int_equal(client_answer(&c), 200);
        assert_true(client_head_has(&c, "ETag: \"3\"\n"));

        // nor by anything: 304 when the time is up
        f.clock.speed = 1000;
        assert_int_equal(get_with(&c, CREDENTIALS "?wait=30", "If-None-Match: \"3\"\r\n"), 304);
        // an older tag does not wait
        assert_int_equal(get_with(&c, CREDENTIALS "?wait=60", "If-None-Match: \"1\"\r\n"), 200);
        // nor does no tag
        assert_int_equal(client_get(&c, CREDENTIALS "?wait=60"), 200);
        client_close(&c);
        client_close(&admin);
        fixture_stop(&f);
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
        fixture_start(&f);
        fixture_add(&f, "a", false);
        fixture_fetch_all(&f);
        struct client c = client_open(&f);
        for (size_t i = 0; i < LENGTH(targets); i++) {
                client_get(&c, targets[i]);
                expect_problem(&c, 400, "invalid_request");
        }
        assert_int_equal(client_get(&c, CREDENTIALS "?"), 200);
        assert_int_equal(client_get(&c, CREDENTIALS "?wait=0"), 200);
        assert_int_equal(client_get(&c, CREDENTIALS "?wait=30s"), 200);
        client_close(&c);
        fixture_stop(&f);
}

// Nothing is held: what the wait ends with.
static void test_waits(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = fixture_add(&f, "a", true);
        s->script = SCRIPT_HANG;
        struct client c = client_open(&f);
        struct client other = client_open(&f);

        client_get(&c, CREDENTIALS "?wait=0"); // does not wait, but starts
        expect_problem(&c, 503, "credentials_unavailable");
        assert_true(client_head_has(&c, "Retry-After: "));
        TURN_UNTIL(&f, s->starts == 1);
        client_get(&c, CREDENTIALS); // 10 s of the clock
        expect_problem(&c, 503, "credentials_unavailable");
        expect_member(&c, "profile", "a");
        expect_member(&c, "retry_after", "1");
        client_get(&c, CREDENTIALS "?wait=2");
        expect_problem(&c, 503, "credentials_unavailable");

        // two wait on one fetch
        f.clock.speed = 1;
        ask(&c, CREDENTIALS, "");
        ask(&other, CREDENTIALS, "If-None-Match: \"9\"\r\n");
        settle(&f);
        s->script = SCRIPT_GIVE;
        script_release(s);
        assert_int_equal(client_answer(&c), 200);
        assert_int_equal(client_answer(&other), 200);
        assert_int_equal(s->starts, 1);
        client_close(&c);
        client_close(&other);
        fixture_stop(&f);
}

static void test_failures(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = fixture_add(&f, "a", true);
        struct client c = client_open(&f);
        f.clock.speed = 1; // a wait that came to its end would be noticed
        s->script = SCRIPT_FAIL;

        s->error = denied();
        client_get(&c, CREDENTIALS);
        expect_problem(&c, 502, "upstream_error");
        expect_member(&c, "upstream/service", "sts");
        expect_member(&c, "upstream/code", "AccessDenied");
        expect_member(&c, "upstream/message", "User is \\\"not\\\" authorized");
        expect_member(&c, "upstream/request_id", "req-1");
        expect_member(&c, "hint", "check the trust policy");
        assert_true(client_head_has(&c, "Retry-After: "));
        client_get(&c, CREDENTIALS "?wait=0"); // from memory
        expect_problem(&c, 502, "upstream_error");

        f.now_ms += 400000;
        s->error = transient(true);
        client_get(&c, CREDENTIALS);
        expect_problem(&c, 504, "upstream_timeout");
        expect_member(&c, "upstream", "missing");
        f.now_ms += 400000;
        s->error = transient(false);
        client_get(&c, CREDENTIALS);
        expect_problem(&c, 503, "credentials_unavailable");

        f.now_ms += 400000;
        s->script = SCRIPT_GIVE;
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        client_close(&c);
        fixture_stop(&f);
}

static void test_expired(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = fixture_add(&f, "a", false);
        fixture_fetch_all(&f);
        struct client c = client_open(&f);
        s->script = SCRIPT_FAIL;
        s->error = denied();
        f.now_ms += (int64_t)(3600 - 61) * 1000;
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        f.now_ms += 2000;
        client_get(&c, CREDENTIALS);
        assert_int_not_equal(c.status, 200);
        assert_false(client_body_has(&c, SECRET));
        client_close(&c);
        fixture_stop(&f);
}

static void test_status(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = fixture_add(&f, "a", false);
        f.profiles[0].role_arn = "arn:aws:iam::111122223333:role/gateway";
        f.profiles[0].region = "us-east-1";
        fixture_add(&f, "b", true);
        fixture_fetch_all(&f);
        struct client c = client_open(&f);
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
        s->error = denied();
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
        client_close(&c);
        fixture_stop(&f);
}

static void test_drop_and_refresh(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = fixture_add(&f, "a", false);
        fixture_fetch_all(&f);
        struct client c = client_open(&f);
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
        client_post(&c, "/v1/profiles/a/refresh?wait=1", "");
        expect_problem(&c, 504, "upstream_timeout");
        assert_int_equal(client_get(&c, CREDENTIALS), 200); // still
        client_close(&c);
        fixture_stop(&f);
}

// --- access ---

static void test_access(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        fixture_add(&f, "a", false);
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
        struct client c = client_open(&f);
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
        client_close(&c);
        fixture_stop(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_credentials),    cmocka_unit_test(test_head),
            cmocka_unit_test(test_entity_tags),    cmocka_unit_test(test_long_poll),
            cmocka_unit_test(test_bad_parameters), cmocka_unit_test(test_waits),
            cmocka_unit_test(test_failures),       cmocka_unit_test(test_expired),
            cmocka_unit_test(test_status),         cmocka_unit_test(test_drop_and_refresh),
            cmocka_unit_test(test_access),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
