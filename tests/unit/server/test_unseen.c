// SPDX-License-Identifier: Apache-2.0
// What a peer learns of profiles that it may not see: nothing, not even that they are there.
#include "tests/unit/server/fixture.h"

static uid_t stranger = 4711;
static const struct allow_rule not_this_peer = {.uids = &stranger, .uids_count = 1, .scopes = ALLOW_ALL};

// A profile `mine`, for everybody, and `hide`, for another uid.
static void serve_both(struct fixture *f, struct client *c)
{
        fixture_start(f);
        fixture_add(f, "hide", false);
        fixture_add(f, "mine", false);
        f->profiles[0].allow = &not_this_peer;
        f->profiles[0].allow_count = 1;
        *c = client_open(f);
        fixture_fetch_all(f);
}

// Status, header lines and body of an answer, with `name` as NAME.
static void read_answer(const struct client *c, const char *name, char *out, size_t size)
{
        struct buffer all;
        buffer_init(&all, ANSWER_MAX);
        (void)buffer_printf(&all, "%d\n%s%s", c->status, (const char *)c->head.p, client_body(c));
        const char *text = buffer_c_str(&all);
        assert_non_null(text);
        size_t n = 0;
        while (*text && n + 5 < size) {
                bool is_name = strncmp(text, name, strlen(name)) == 0;
                n += (size_t)snprintf(out + n, size - n, "%.*s", is_name ? 4 : 1, is_name ? "NAME" : text);
                text += is_name ? strlen(name) : 1;
        }
        out[n] = '\0';
        buffer_free(&all);
}

static void unseen_and_missing_profiles_give_the_same_answer(void **state)
{
        (void)state;
        static const struct {
                const char *before, *after; // the name
        } requests[] = {
            {"GET /v1/profiles/", " HTTP/1.1\r\n\r\n"},
            {"GET /v1/profiles/", "?x=1 HTTP/1.1\r\n\r\n"},
            {"GET /v1/profiles/", "/credentials HTTP/1.1\r\n\r\n"},
            {"GET /v1/profiles/", "/credentials?wait=60 HTTP/1.1\r\nIf-None-Match: *\r\n\r\n"},
            {"GET /v1/profiles/", "/login HTTP/1.1\r\n\r\n"},
            {"DELETE /v1/profiles/", "/credentials HTTP/1.1\r\n\r\n"},
            {"POST /v1/profiles/", "/refresh HTTP/1.1\r\n\r\n"},
            {"POST /v1/profiles/", "/sign HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"},
            {"POST /v1/profiles/", "/presign HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n"},
            {"POST /v1/profiles/", "/login HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"},
            {"PUT /v1/profiles/", "/login HTTP/1.1\r\n\r\n"},
            {"GET /readyz?profile=", " HTTP/1.1\r\n\r\n"},
            {"GET /v1/events?profile=", " HTTP/1.1\r\n\r\n"},
            {"GET /v1/events?profile=mine&profile=", "&x=1 HTTP/1.1\r\nLast-Event-ID: abc-0\r\n\r\n"},
            {"GET /readyz?profile=mine&profile=", "&min_ttl=1 HTTP/1.1\r\n\r\n"},
        };
        struct fixture f;
        struct client c;
        serve_both(&f, &c);
        for (size_t i = 0; i < LENGTH(requests); i++) {
                static const char *const names[] = {"hide", "none"};
                char answers[2][4096];
                for (size_t k = 0; k < 2; k++) {
                        char request[256];
                        struct client one = client_open(&f);
                        snprintf(request, sizeof(request), "%s%s%s", requests[i].before, names[k], requests[i].after);
                        client_ask(&one, request);
                        read_answer(&one, names[k], answers[k], sizeof(answers[k]));
                        client_close(&one);
                }
                assert_string_equal(answers[0], answers[1]);
                assert_true(strncmp(answers[0], "403", 3) == 0 || strncmp(answers[0], "405", 3) == 0);
        }
        stop(&f, &c);
}

static void missing_profiles_are_404_for_a_peer_that_may_see_all(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_both(&f, &c);
        f.profiles[0].allow_count = 0;
        client_get(&c, "/v1/profiles/none");
        expect_problem(&c, 404, "profile_not_found");
        client_get(&c, "/readyz?profile=none");
        expect_problem(&c, 404, "profile_not_found");
        stop(&f, &c);
}

static void lists_metrics_and_readiness_leave_unseen_profiles_out(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_both(&f, &c);
        static const char *const targets[] = {"/v1/profiles", "/metrics", "/readyz", "/readyz?min_ttl=10h"};
        for (size_t i = 0; i < LENGTH(targets); i++) {
                client_get(&c, targets[i]);
                assert_false(client_body_has(&c, "hide"));
        }
        expect_problem(&c, 503, "credentials_unavailable");
        ASSERT_BODY_HAS(&c, "not ready: mine (expires too soon), and 1 that this peer may not see");
        client_get(&c, "/metrics");
        ASSERT_BODY_HAS(&c, "keyfob_credentials_generation{profile=\"mine\"} 1\n");

        // The scope for monitoring.
        static uid_t me;
        me = getuid();
        const struct allow_rule watches = {.uids = &me, .uids_count = 1, .scopes = ALLOW_STATUS};
        f.profiles[0].allow = &watches;
        client_get(&c, "/metrics");
        ASSERT_BODY_HAS(&c, "keyfob_credentials_generation{profile=\"hide\"} 1\n");
        assert_int_equal(client_get(&c, "/v1/profiles/hide"), 200);
        client_get(&c, "/v1/profiles/hide/credentials");
        expect_problem(&c, 403, "scope_denied");
        stop(&f, &c);
}

static void errors_name_source_profiles_only_for_those_who_may_see_them(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        fixture_add(&f, "base", true);
        struct scripted *mine = fixture_add(&f, "mine", false);
        f.profiles[1].source = &f.profiles[0];
        mine->script = SCRIPT_FAIL;
        error_set(&mine->error, ERROR_DENIED, "source profile base: \"base\" is off, profile basement: base");
        error_hint(&mine->error, "run \"keyfob login base\", or POST the code to /v1/profiles/base/login");
        struct client c = client_open(&f);
        static const struct {
                size_t allow_count;
                const char *detail, *hint;
        } rows[] = {
            {0, "profile mine: source profile base: \\\"base\\\" is off, profile basement: base",
             "run \\\"keyfob login base\\\", or POST the code to /v1/profiles/base/login"},
            {1, "profile mine: source profile ***: \\\"base\\\" is off, profile basement: base",
             "run \\\"keyfob login ***\\\", or POST the code to /v1/profiles/***/login"},
        };
        f.profiles[0].allow = &not_this_peer;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                f.profiles[0].allow_count = rows[i].allow_count;
                client_get(&c, "/v1/profiles/mine/credentials?wait=0");
                while (c.status == 503 && client_body_has(&c, "are being fetched"))
                        client_get(&c, "/v1/profiles/mine/credentials?wait=0");
                expect_member(&c, "detail", rows[i].detail);
                expect_member(&c, "hint", rows[i].hint);
                client_get(&c, "/v1/profiles/mine");
                expect_member(&c, "last_error/detail", rows[i].detail);
                expect_member(&c, "last_error/hint", rows[i].hint);
        }
        stop(&f, &c);
}

// --- methods without meaning ---

static void refuses_methods_without_meaning_and_reads_nothing_behind_them(void **state)
{
        (void)state;
        static const char *const requests[] = {
            "CONNECT a:1 HTTP/1.1\r\n\r\nGET /livez HTTP/1.1\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nContent-Length: 23\r\n\r\nGET /livez HTTP/1.1\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /livez HTTP/1.1\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nConnection: keep-alive\r\nUpgrade: x\r\n\r\nGET /livez HTTP/1.1\r\n\r\n",
            "TRACE /livez HTTP/1.1\r\n\r\nGET /livez HTTP/1.1\r\n\r\n",
            "PROPFIND /nothing HTTP/1.1\r\n\r\nGET /livez HTTP/1.1\r\n\r\n",
            "LOCK /v1/profiles/a/sign HTTP/1.1\r\nContent-Length: 23\r\n\r\nGET /livez HTTP/1.1\r\n\r\n",
        };
        for (size_t i = 0; i < LENGTH(requests); i++) {
                struct fixture f;
                struct client c;
                serve(&f, &c);
                client_ask(&c, requests[i]);
                expect_problem(&c, 405, "method_not_allowed");
                assert_true(client_head_has(&c, "Connection: close\n"));
                assert_true(client_head_has(&c, "Allow:"));
                shutdown(c.fd, SHUT_WR);
                client_expect_end(&c);
                stop(&f, &c);
        }
}

static void keeps_the_connection_after_a_known_method_that_a_path_does_not_take(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        client_ask(&c, "PUT /livez HTTP/1.1\r\n\r\n");
        expect_problem(&c, 405, "method_not_allowed");
        assert_int_equal(client_get(&c, "/livez"), 200);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(unseen_and_missing_profiles_give_the_same_answer),
            cmocka_unit_test(missing_profiles_are_404_for_a_peer_that_may_see_all),
            cmocka_unit_test(lists_metrics_and_readiness_leave_unseen_profiles_out),
            cmocka_unit_test(errors_name_source_profiles_only_for_those_who_may_see_them),
            cmocka_unit_test(refuses_methods_without_meaning_and_reads_nothing_behind_them),
            cmocka_unit_test(keeps_the_connection_after_a_known_method_that_a_path_does_not_take),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
