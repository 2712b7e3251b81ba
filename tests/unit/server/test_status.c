// SPDX-License-Identifier: Apache-2.0
// Routing, and the agent's own state: livez, readyz, version, metrics.
#include "sidecar/base/file_status.h"
#include "tests/unit/server/fixture.h"

static void returns_404_and_405_with_allow(void **state)
{
        (void)state;
        static const struct {
                const char *method, *target;
                int status;
                const char *code, *allow;
        } rows[] = {
            {"GET", "/", 404, "not_found", NULL},
            {"GET", "/v1", 404, "not_found", NULL},
            {"GET", "/v2/profiles", 404, "not_found", NULL},
            {"GET", "/v1/profiles/", 404, "not_found", NULL},
            {"GET", "/v1/profiles//credentials", 404, "not_found", NULL},
            {"GET", "/v1/profiles/a/", 404, "not_found", NULL},
            {"GET", "/v1/profiles/a/nothing", 404, "not_found", NULL},
            {"GET", "/v1/profiles/a/credentials/", 404, "not_found", NULL},
            {"GET", "/livez/", 404, "not_found", NULL},
            {"GET", "/v1/profiles/b", 404, "profile_not_found", NULL},
            {"GET", "/v1/profiles/A/credentials", 404, "profile_not_found", NULL},
            {"POST", "/livez", 405, "method_not_allowed", "Allow: GET, HEAD\n"},
            {"PUT", "/v1/profiles/a/credentials", 405, "method_not_allowed", "Allow: GET, HEAD, DELETE\n"},
            {"GET", "/v1/profiles/a/sign", 405, "method_not_allowed", "Allow: POST\n"},
            {"OPTIONS", "/v1/profiles", 405, "method_not_allowed", "Allow: GET, HEAD\n"},
            {"DELETE", "/v1/profiles/a", 405, "method_not_allowed", "Allow: GET, HEAD\n"},
        };
        struct fixture f;
        struct client c;
        serve_profile(&f, &c);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char request[256];
                snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\n\r\n", rows[i].method, rows[i].target);
                client_ask(&c, request);
                expect_problem(&c, rows[i].status, rows[i].code);
                if (rows[i].allow)
                        assert_true(client_head_has(&c, rows[i].allow));
        }
        stop(&f, &c);
}

// A target that is asked for again is not looked up again, but for what has changed since.
static void judges_a_repeated_target_by_the_profiles_as_they_are(void **state)
{
        (void)state;
        static uid_t other = 4711;
        static const struct allow_rule nobody = {.uids = &other, .uids_count = 1, .scopes = ALLOW_ALL};
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        for (int i = 0; i < 3; i++)
                assert_int_equal(client_get(&c, CREDENTIALS), 200);
        client_ask(&c, "POST " CREDENTIALS " HTTP/1.1\r\n\r\n"); // another method
        expect_problem(&c, 405, "method_not_allowed");

        client_close(&c);
        c = client_open(&f);
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        client_get(&c, CREDENTIALS "?wait=x"); // … nor another query
        expect_problem(&c, 400, "invalid_request");
        struct server_profile table = f.profiles[0];
        table.allow = &nobody;
        table.allow_count = 1;
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        server_set_profiles(f.server, &table, 1);
        client_get(&c, CREDENTIALS);
        expect_problem(&c, 403, "peer_not_allowed");
        server_set_profiles(f.server, NULL, 0);
        client_get(&c, CREDENTIALS);
        expect_problem(&c, 404, "profile_not_found");
        server_set_profiles(f.server, f.profiles, 1);
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        stop(&f, &c);
}

static void returns_its_version(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        assert_int_equal(client_get(&c, "/version"), 200);
        expect_member(&c, "name", "keyfob");
        expect_member(&c, "version", KEYFOB_VERSION);
        ASSERT_BODY_HAS(&c, "\"api_versions\":[\"v1\"]");
        ASSERT_BODY_HAS(&c, "\"features\":[\"credentials\",");
        stop(&f, &c);
}

static void reports_ready_when_all_profiles_have_credentials(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *a = fixture_add(&f, "a", false);
        struct scripted *b = fixture_add(&f, "b", false);
        struct scripted *lazy = fixture_add(&f, "lazy", true);
        a->life_s = 3600;
        b->life_s = 0;
        b->script = SCRIPT_HANG;
        struct client c = client_open(&f);
        TURN_UNTIL(&f, entry_generation(f.profiles[0].entry) > 0);
        client_get(&c, "/readyz");
        expect_problem(&c, 503, "credentials_unavailable");
        ASSERT_BODY_HAS(&c, "not ready: b (fetching)");
        assert_true(client_head_has(&c, "Retry-After: 1\n"));
        assert_int_equal(client_get(&c, "/readyz?profile=a"), 200);
        TURN_UNTIL(&f, b->starts == 1);
        b->script = SCRIPT_GIVE;
        script_release(b);
        TURN_UNTIL(&f, entry_generation(f.profiles[1].entry) > 0);
        assert_int_equal(client_get(&c, "/readyz"), 200);
        assert_string_equal(client_body(&c), "{\"ready\":true,\"profiles\":2}\n");
        // enough life left? What never expires has.
        assert_int_equal(client_get(&c, "/readyz?min_ttl=60m"), 200);
        client_get(&c, "/readyz?min_ttl=3601");
        expect_problem(&c, 503, "credentials_unavailable");
        ASSERT_BODY_HAS(&c, "a (expires too soon)");
        assert_int_equal(client_get(&c, "/readyz?min_ttl=10h&profile=b"), 200);
        // on demand only when named, and then it is fetched
        assert_int_equal(lazy->starts, 0);
        client_get(&c, "/readyz?profile=a&profile=lazy");
        expect_problem(&c, 503, "credentials_unavailable");
        TURN_UNTIL(&f, entry_generation(f.profiles[2].entry) > 0);
        assert_int_equal(client_get(&c, "/readyz?profile=a&profile=l%61zy"), 200);

        static const char *const bad[] = {"/readyz?min_ttl=x", "/readyz?min_ttl=", "/readyz?ttl=1"};
        for (size_t i = 0; i < LENGTH(bad); i++) {
                client_get(&c, bad[i]);
                expect_problem(&c, 400, "invalid_request");
        }
        client_get(&c, "/readyz?profile=none");
        expect_problem(&c, 404, "profile_not_found");
        stop(&f, &c);
}

static void test_nothing_to_be_ready(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        assert_int_equal(client_get(&c, "/readyz"), 200);
        assert_int_equal(client_get(&c, "/v1/profiles"), 200);
        assert_string_equal(client_body(&c),
                            "{\"profiles\":[],\"listeners\":[{\"unix\":\"/socket\",\"api\":[\"native\",\"echo\"]}]}\n");
        stop(&f, &c);
}

static void shows_the_files_of_a_profile(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct file_status bad = {.path = "/run/b\"\\\n", .format = "json", .failures = 3};
        struct file_status good = {
            .path = "/run/a", .format = "env", .is_current = true, .written_s = 1788264000, .writes = 2, .next = &bad};
        error_set(&bad.error, ERROR_TRANSIENT, "cannot write it");
        error_hint(&bad.error, "free some");
        serve_credentials(&f, &c);
        assert_int_equal(client_get(&c, "/v1/profiles/a"), 200);
        assert_null(strstr(client_body(&c), "\"files\""));
        f.profiles[0].files = &good;
        assert_int_equal(client_get(&c, "/v1/profiles/a"), 200);
        assert_non_null(strstr(client_body(&c),
                               "\"files\":[{\"path\":\"/run/a\",\"format\":\"env\",\"current\":true,"
                               "\"written\":\"2026-09-01T12:00:00Z\",\"error\":null,\"hint\":null},"
                               "{\"path\":\"/run/b\\\"\\\\\\n\",\"format\":\"json\",\"current\":false,"
                               "\"written\":null,\"error\":\"cannot write it\",\"hint\":\"free some\"}]"));
        assert_int_equal(client_get(&c, "/metrics"), 200);
        static const char *const lines[] = {
            "keyfob_file_current{profile=\"a\",file=\"/run/a\"} 1\n",
            "keyfob_file_current{profile=\"a\",file=\"/run/b\\\"\\\\\\n\"} 0\n",
            "keyfob_file_writes_total{profile=\"a\",file=\"/run/a\",result=\"success\"} 2\n",
            "keyfob_file_writes_total{profile=\"a\",file=\"/run/a\",result=\"failure\"} 0\n",
            "keyfob_file_writes_total{profile=\"a\",file=\"/run/b\\\"\\\\\\n\",result=\"failure\"} 3\n",
        };
        for (size_t i = 0; i < LENGTH(lines); i++)
                if (!strstr(client_body(&c), lines[i]))
                        fail_msg("%s is not in %s", lines[i], client_body(&c));
        stop(&f, &c);
}

static void writes_metrics_for_each_profile(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_profile(&f, &c);
        fixture_add(&f, "b\"\\", false)->life_s = 0;
        fixture_fetch_all(&f);
        for (int i = 0; i < 3; i++)
                client_get(&c, "/v1/profiles/a/credentials");
        client_get(&c, "/nowhere");
        client_post(&c, "/v1/profiles/a/sign", "{\"method\":\"GET\",\"url\":\"https://sts.us-east-1.amazonaws.com/\"}");
        s->script = SCRIPT_FAIL;
        error_set(&s->error, ERROR_TRANSIENT, "no");
        client_post(&c, "/v1/profiles/a/refresh", "");
        metrics_observe_refresh(f.metrics, 30);
        assert_int_equal(client_get(&c, "/metrics"), 200);
        assert_true(client_head_has(&c, "Content-Type: text/plain; version=0.0.4; charset=utf-8\n"));
        static const char *const lines[] = {
            ("keyfob_build_info{version=\"" KEYFOB_VERSION "\"} 1\n"),
            "keyfob_credentials_expiration_timestamp_seconds{profile=\"a\"} 1788268600\n",
            "keyfob_credentials_generation{profile=\"a\"} 1\n",
            "keyfob_credentials_generation{profile=\"b\\\"\\\\\"} 1\n",
            "keyfob_refreshes_total{profile=\"a\",result=\"success\"} 1\n",
            "keyfob_refreshes_total{profile=\"a\",result=\"failure\"} 1\n",
            "# TYPE keyfob_refresh_duration_seconds histogram\n",
            "keyfob_refresh_duration_seconds_bucket{le=\"0.025\"} 0\n",
            "keyfob_refresh_duration_seconds_bucket{le=\"0.05\"} 1\n",
            "keyfob_refresh_duration_seconds_bucket{le=\"+Inf\"} 1\n",
            "keyfob_refresh_duration_seconds_sum 0.030000000\n",
            "keyfob_refresh_duration_seconds_count 1\n",
            "keyfob_requests_total{api=\"native\",code=\"200\"} 4\n",
            "keyfob_requests_total{api=\"native\",code=\"404\"} 1\n",
            "keyfob_requests_total{api=\"native\",code=\"503\"} 1\n",
            "keyfob_request_duration_seconds_bucket{le=\"+Inf\"} 6\n",
            "keyfob_signatures_total{algorithm=\"sigv4\"} 1\n",
            "keyfob_signatures_total{algorithm=\"sigv4a\"} 0\n",
            "keyfob_served_expired_total 0\n",
            "# TYPE keyfob_loop_stall_seconds histogram\n",
            "# TYPE keyfob_loop_stall_max_seconds gauge\n",
            "keyfob_connections 1\n",
        };
        for (size_t i = 0; i < LENGTH(lines); i++)
                ASSERT_BODY_HAS(&c, lines[i]);
        assert_null(strstr(client_body(&c), "expiration_timestamp_seconds{profile=\"b")); // it never does
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(returns_404_and_405_with_allow),
            cmocka_unit_test(judges_a_repeated_target_by_the_profiles_as_they_are),
            cmocka_unit_test(returns_its_version),
            cmocka_unit_test(reports_ready_when_all_profiles_have_credentials),
            cmocka_unit_test(test_nothing_to_be_ready),
            cmocka_unit_test(shows_the_files_of_a_profile),
            cmocka_unit_test(writes_metrics_for_each_profile),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
