// SPDX-License-Identifier: Apache-2.0
// The container credentials endpoint: who gets credentials, in which form, and who does not.
#include "sidecar/server/api_container.h"
#include "sidecar/server/api_health.h"
#include "tests/unit/server/tcp.h"
#include "tests/unit/watched.h"

#define PROOF "this is the token"

static struct secret token = {(uint8_t *)PROOF, sizeof(PROOF) - 1};
static struct secret no_token;
static uid_t stranger = 4711;
static const struct allow_rule not_this_peer = {.uids = &stranger, .uids_count = 1, .scopes = ALLOW_ALL};

// Profiles a (with credentials) and b (for another uid); a TCP listener for both, "/" is a.
static void serve_container(struct fixture *f, struct inet_address *at, const struct secret *its_token)
{
        fixture_start(f);
        fixture_add(f, "a", false);
        fixture_add(f, "b", false);
        f->profiles[1].allow = &not_this_peer;
        f->profiles[1].allow_count = 1;
        fixture_fetch_all(f);
        const struct server_listener served = {
            .apis = {&api_container, &api_health}, .apis_count = 2, .profile = "a", .token = its_token};
        tcp_serve(f, "127.0.0.1", &served, at);
}

static bool has_secret(const struct client *c)
{
        return strstr(client_body(c), TOKEN) || strstr(client_body(c), "ASIA") || client_head_has(c, TOKEN);
}

#define HOST "Host: localhost\r\n"
#define GOOD "Authorization: " PROOF "\r\n"

static void gives_credentials_to_none_but_the_proven(void **state)
{
        (void)state;
        static const struct {
                const char *line, *headers;
                int status;
        } rows[] = {
            {"GET /v1/container/a", HOST GOOD, 200},
            {"GET /v1/container/%61", HOST GOOD, 200},
            {"GET /", HOST GOOD, 200},
            {"GET /", "Host: 127.0.0.1\r\naccept: */*\r\nAUTHORIZATION:   " PROOF "  \r\n", 200},
            // the token
            {"GET /", HOST, 403},
            {"GET /", HOST "Authorization:\r\n", 403},
            {"GET /", HOST "Authorization: this is the toke\r\n", 403},
            {"GET /", HOST "Authorization: this is the token1\r\n", 403},
            {"GET /", HOST "Authorization: THIS IS THE TOKEN\r\n", 403},
            {"GET /", HOST "Authorization: Bearer " PROOF "\r\n", 403},
            {"GET /", HOST GOOD "Authorization: other\r\n", 403},
            {"GET /", HOST "Authorization: other\r\n" GOOD, 403},
            {"GET /", HOST GOOD GOOD, 403},
            {"GET /", HOST "X-Authorization: " PROOF "\r\n", 403},
            {"GET /v1/container/a", HOST, 403},
            {"GET /v1/container/none", HOST, 403},
            {"POST /", HOST, 403},
            {"GET /nowhere", HOST, 403},
            // browsers and proxies
            {"GET /", HOST GOOD "Origin: http://localhost\r\n", 403},
            {"GET /", HOST GOOD "origin: null\r\n", 403},
            {"GET /", HOST GOOD "Referer: http://localhost/\r\n", 403},
            {"GET /", HOST GOOD "Sec-Fetch-Site: none\r\n", 403},
            {"GET /", HOST GOOD "sec-fetch-mode: navigate\r\n", 403},
            {"GET /", HOST GOOD "X-Forwarded-For: 127.0.0.1\r\n", 403},
            {"OPTIONS /", HOST "Origin: http://evil.example\r\nAccess-Control-Request-Method: GET\r\n", 403},
            // DNS rebinding
            {"GET /", "Host: evil.example\r\n" GOOD, 421},
            {"GET /", GOOD, 421},
            {"GET /", HOST HOST GOOD, 421},
            {"GET http://evil.example/", HOST GOOD, 421},
            // methods and paths
            {"POST /", HOST GOOD "Content-Length: 0\r\n", 405},
            {"PUT /", HOST GOOD "Content-Length: 0\r\n", 405},
            {"DELETE /v1/container/a", HOST GOOD, 405},
            {"OPTIONS /", HOST GOOD, 405},
            {"TRACE /", HOST GOOD, 405},
            {"GET /?wait=1", HOST GOOD, 400},
            {"GET //", HOST GOOD, 404},
            {"GET /v1/container/", HOST GOOD, 404},
            {"GET /v1/container/a/", HOST GOOD, 404},
            {"GET /v1/profiles/a/credentials", HOST GOOD, 404},
            {"GET /latest/meta-data/", HOST GOOD, 404},
            // profiles for others
            {"GET /v1/container/b", HOST GOOD, 403},
            {"GET /v1/container/none", HOST GOOD, 403},
        };
        struct fixture f;
        struct inet_address at;
        serve_container(&f, &at, &token);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char request[512];
                struct client c = tcp_client(&f, &at);
                (void)snprintf(request, sizeof(request), "%s HTTP/1.1\r\n%s\r\n", rows[i].line, rows[i].headers);
                int status = client_ask(&c, request);
                if (status != rows[i].status || has_secret(&c) != (status == 200))
                        fail_msg("%d: %s %s: %s", status, rows[i].line, rows[i].headers, client_body(&c));
                client_close(&c);
        }
        fixture_stop(&f);
}

// A connection keeps no proof: the path that was found for the last request says nothing about the next.
static void each_request_is_proven(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        serve_container(&f, &at, &token);
        struct client c = tcp_client(&f, &at);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(client_ask(&c, "GET / HTTP/1.1\r\n" HOST GOOD "\r\n"), 200);
                assert_int_equal(client_ask(&c, "GET / HTTP/1.1\r\n" HOST "\r\n"), 403);
                assert_false(has_secret(&c));
                assert_int_equal(client_ask(&c, "GET / HTTP/1.1\r\n" HOST GOOD "Origin: x\r\n\r\n"), 403);
                assert_int_equal(client_ask(&c, "GET / HTTP/1.1\r\nHost: evil\r\n" GOOD "\r\n"), 421);
        }
        stop(&f, &c);
}

static void the_token_is_compared_in_constant_time(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        char text[601], request[800];
        memset(text, 'a', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        struct slice watched = watched_copy(slice_str(text));
        const struct secret long_token = {(uint8_t *)(uintptr_t)watched.p, watched.n};
        serve_container(&f, &at, &long_token);
        struct client c = tcp_client(&f, &at);
        text[0] = 'b';
        (void)snprintf(request, sizeof(request), "GET / HTTP/1.1\r\n" HOST "Authorization: %s\r\n\r\n", text);
        assert_int_equal(client_ask(&c, request), 403);
        assert_true(watched_was_read());
        stop(&f, &c);
        watched_free();
}

static void without_a_token_nobody_is_admitted(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        const struct secret *const rows[] = {&no_token, NULL};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                serve_container(&f, &at, rows[i]);
                struct client c = tcp_client(&f, &at);
                assert_int_equal(client_ask(&c, "GET / HTTP/1.1\r\n" HOST "Authorization: \r\n\r\n"), 403);
                assert_int_equal(client_ask(&c, "GET / HTTP/1.1\r\n" HOST GOOD "\r\n"), 403);
                stop(&f, &c);
        }
}

static void document_is_that_of_ecs_and_eks(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        serve_container(&f, &at, &token);
        f.profiles[0].role_arn = "arn:aws:iam::111122223333:role/a";
        struct client c = tcp_client(&f, &at);
        assert_int_equal(client_ask(&c, "GET / HTTP/1.1\r\n" HOST GOOD "\r\n"), 200);
        assert_true(client_head_has(&c, "Content-Type: application/json\n"));
        assert_true(client_head_has(&c, "Cache-Control: no-store\n"));
        assert_true(client_body_has(&c, "{\"AccessKeyId\":\"ASIAEXAMPLEKEYID0001\",\"SecretAccessKey\":\""));
        assert_true(client_body_has(&c, "\",\"Token\":\"" TOKEN "\",\"Expiration\":\"2026-09-01T13:"));
        assert_true(client_body_has(&c, ",\"RoleArn\":\"arn:aws:iam::111122223333:role/a\"}\n"));
        assert_null(strstr(client_body(&c), "Version"));
        stop(&f, &c);
}

// SDKs want an end, and ask again before it.
static void keys_that_never_expire_end_in_an_hour(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        fixture_start(&f);
        fixture_add(&f, "a", false)->life_s = 0;
        fixture_fetch_all(&f);
        const struct server_listener served = {
            .apis = {&api_container}, .apis_count = 1, .profile = "a", .token = &token};
        tcp_serve(&f, "127.0.0.1", &served, &at);
        struct client c = tcp_client(&f, &at);
        assert_int_equal(client_ask(&c, "GET / HTTP/1.1\r\n" HOST GOOD "\r\n"), 200);
        if (!client_body_has(&c, "\"Expiration\":\"2026-09-01T13:"))
                fail_msg("%s", client_body(&c));
        stop(&f, &c);
}

static void errors_have_the_members_that_sdks_read(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        serve_container(&f, &at, &token);
        struct client c = tcp_client(&f, &at);
        assert_int_equal(client_ask(&c, "GET / HTTP/1.1\r\n" HOST "\r\n"), 403);
        assert_true(client_head_has(&c, "Content-Type: application/json\n"));
        assert_string_equal(
            client_body(&c),
            "{\"code\":\"token_required\",\"message\":\"the header Authorization is missing or wrong\","
            "\"Code\":\"token_required\",\"Message\":\"the header Authorization is missing or wrong\"}\n");
        stop(&f, &c);
}

// 1.5 s at most, then 503 with Retry-After; the fetch goes on, and is one for all.
static void waits_no_longer_than_sdks_do(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        fixture_start(&f);
        struct scripted *s = fixture_add(&f, "a", true);
        s->script = SCRIPT_HANG;
        const struct server_listener served = {
            .apis = {&api_container}, .apis_count = 1, .profile = "a", .token = &token};
        tcp_serve(&f, "127.0.0.1", &served, &at);
        struct client c = tcp_client(&f, &at);
        client_send(&c, "GET / HTTP/1.1\r\n" HOST GOOD "\r\n");
        TURN_UNTIL(&f, f.server->exchanges && f.server->exchanges->state == EXCHANGE_WAITING);
        uint64_t due_ms = uv_timer_get_due_in(&f.server->exchanges->timer);
        assert_true(due_ms > 1000 && due_ms <= 1500);
        f.clock.speed = FAST;
        struct client other = tcp_client(&f, &at);
        assert_int_equal(client_ask(&other, "GET / HTTP/1.1\r\n" HOST GOOD "\r\n"), 503);
        assert_true(client_head_has(&other, "Retry-After: "));
        s->script = SCRIPT_GIVE;
        script_release(s);
        assert_int_equal(client_answer(&c), 200);
        assert_int_equal(s->starts, 1);
        client_close(&other);
        stop(&f, &c);
}

static void needs_no_token_on_a_unix_socket(void **state)
{
        (void)state;
        struct fixture f;
        struct error e = {0};
        fixture_start(&f);
        fixture_add(&f, "a", false);
        fixture_fetch_all(&f);
        unlink(f.path);
        struct unix_listen listen = {.path = f.path, .mode = 0600};
        const struct server_listener served = {.apis = {&api_native, &api_container}, .apis_count = 2};
        assert_int_equal(server_listen(f.server, unix_listen_open(&listen, NULL, &e), &served, &e), 0);
        struct client c = client_open(&f);
        for (int i = 0; i < 3; i++) { // the two documents do not mix
                assert_int_equal(client_get(&c, "/v1/container/a"), 200);
                assert_true(has_secret(&c) && client_body_has(&c, "\"Token\"") && !client_head_has(&c, "ETag"));
                assert_int_equal(client_get(&c, CREDENTIALS), 200);
                assert_true(has_secret(&c) && client_body_has(&c, "\"SessionToken\"") && client_head_has(&c, "ETag"));
        }
        assert_int_equal(client_ask(&c, "GET /v1/container/a HTTP/1.1\r\nOrigin: x\r\n\r\n"), 403);
        assert_int_equal(client_get(&c, "/v1/container/none"), 404);
        assert_true(client_body_has(&c, "{\"code\":\"profile_not_found\""));
        assert_int_equal(client_get(&c, "/"), 404); // the listener names no profile
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(gives_credentials_to_none_but_the_proven),
            cmocka_unit_test(each_request_is_proven),
            cmocka_unit_test(the_token_is_compared_in_constant_time),
            cmocka_unit_test(without_a_token_nobody_is_admitted),
            cmocka_unit_test(document_is_that_of_ecs_and_eks),
            cmocka_unit_test(keys_that_never_expire_end_in_an_hour),
            cmocka_unit_test(errors_have_the_members_that_sdks_read),
            cmocka_unit_test(waits_no_longer_than_sdks_do),
            cmocka_unit_test(needs_no_token_on_a_unix_socket),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
