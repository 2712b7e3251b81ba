// SPDX-License-Identifier: Apache-2.0
// The end, and the change of profiles under requests that wait.
#include "tests/unit/server/fixture.h"

static void test_nothing_open(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        fixture_begin_end(&f, 60000); // does not last that long
        TURN_UNTIL(&f, f.is_server_closed);
        fixture_stop(&f);
}

static void measures_the_time_without_a_connection(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        assert_int_equal(client_get(&c, "/livez"), 200);
        f.now_ms += 7000;
        assert_int_equal(server_idle_ms(f.server), -1);
        struct client other = client_open(&f);
        settle(&f);
        client_close(&c);
        settle(&f);
        assert_int_equal(server_idle_ms(f.server), -1);
        client_close(&other);
        TURN_UNTIL(&f, server_idle_ms(f.server) == 0);
        f.now_ms += 5000;
        assert_int_equal(server_idle_ms(f.server), 5000);
        fixture_stop(&f);
}

static void is_idle_from_the_start(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        f.now_ms += 3000;
        assert_int_equal(server_idle_ms(f.server), 3000);
        fixture_stop(&f);
}

static void test_idle_connections(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        f.server->deadlines.drain_ms = 1;
        assert_int_equal(client_get(&c, "/livez"), 200);
        fixture_begin_end(&f, 60000);
        client_expect_end(&c);
        TURN_UNTIL(&f, f.is_server_closed);
        stop(&f, &c);
}

// What was on its way is still answered, and says that it is the last.
static void test_request_on_its_way(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        f.server->deadlines.drain_ms = 60000;
        struct client half = client_open(&f);
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        client_send(&half, "GET /livez HTT");
        settle(&f);
        fixture_begin_end(&f, 60000);
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        assert_true(client_head_has(&c, "Connection: close\n"));
        expect_member(&c, "SecretAccessKey", SECRET);
        client_expect_end(&c);
        settle(&f);
        assert_false(f.is_server_closed);
        assert_int_equal(client_ask(&half, "P/1.1\r\n\r\n"), 200);
        client_expect_end(&half);
        TURN_UNTIL(&f, f.is_server_closed);
        client_close(&c);
        client_close(&half);
        fixture_stop(&f);
}

static void test_waiting_requests(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        fixture_add(&f, "a", false)->script = SCRIPT_HANG;
        struct client c[3];
        for (int i = 0; i < 3; i++) {
                c[i] = client_open(&f);
                client_send(&c[i], "GET " CREDENTIALS "?wait=60 HTTP/1.1\r\n\r\nGET /livez HTTP/1.1\r\n\r\n");
        }
        settle(&f);
        fixture_begin_end(&f, 60000);
        for (int i = 0; i < 3; i++) {
                client_answer(&c[i]);
                expect_problem(&c[i], 503, "shutting_down");
                assert_true(client_head_has(&c[i], "Connection: close\n"));
                client_expect_end(&c[i]);
                client_close(&c[i]);
        }
        TURN_UNTIL(&f, f.is_server_closed);
        fixture_stop(&f);
}

// Neither wait nor write lets a new request hold up the end.
static void test_no_new_waits(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_profile(&f, &c)->script = SCRIPT_HANG;
        f.server->deadlines.drain_ms = 60000;
        assert_int_equal(client_get(&c, "/livez"), 200);
        fixture_begin_end(&f, 60000);
        client_get(&c, CREDENTIALS);
        expect_problem(&c, 503, "shutting_down");
        client_expect_end(&c);
        stop(&f, &c);
}

static void test_slow_reader_gets_its_answer(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        f.server->deadlines.drain_ms = 1;
        client_fill(&c);
        TURN_UNTIL(&f, f.server->connections->state == CONNECTION_WRITING);
        fixture_begin_end(&f, 60000);
        size_t answers = 0;
        while (!c.is_at_end || c.received.n > 0) {
                if (client_parse(&c))
                        answers++;
                else if (c.is_at_end)
                        break;
                else if (!client_receive(&c))
                        turn(&f);
        }
        assert_int_equal(c.received.n, 0); // the last one was whole
        assert_false(http_whole_is_inside(c.parser));
        assert_true(answers > 1);
        TURN_UNTIL(&f, f.is_server_closed);
        stop(&f, &c);
}

static void test_grace_ends(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        f.server->deadlines.drain_ms = 1;
        struct client slow = client_open(&f);
        struct client half = client_open(&f);
        client_fill(&slow);
        client_send(&half, "GET /livez HTT");
        settle(&f);
        fixture_begin_end(&f, 5);
        TURN_UNTIL(&f, f.is_server_closed); // neither of them moves
        client_close(&slow);
        client_close(&half);
        fixture_stop(&f);
}

// --- profiles come and go ---

static void test_profile_is_replaced_under_a_wait(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_profile(&f, &c)->script = SCRIPT_HANG;
        client_send(&c, "GET " CREDENTIALS "?wait=60 HTTP/1.1\r\n\r\n");
        settle(&f);
        struct entry *old = f.profiles[0].entry;
        struct error reason = {.kind = ERROR_CANCELLED, .message = "the profile was changed"};
        // as a reload does: the new table first, then the old entries go
        struct server_profile table[1] = {f.profiles[0]};
        struct entry_options options = {.name = "a"};
        f.scripts[1] = (struct scripted){.script = SCRIPT_HANG, .loop = &f.loop, .clock = &f.clock};
        table[0].entry = vault_add(f.vault, &options, fake_new(&f.scripts[1]));
        server_set_profiles(f.server, table, 1);
        memset(&f.profiles[0], 0, sizeof(f.profiles[0]));
        entry_retire(old, &reason);
        client_answer(&c);
        expect_problem(&c, 503, "credentials_unavailable");
        ASSERT_BODY_HAS(&c, "the profile was changed");
        assert_true(client_head_has(&c, "Retry-After: "));
        stop(&f, &c);
}

static void test_profile_is_removed_under_a_wait(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_profile(&f, &c)->script = SCRIPT_HANG;
        client_send(&c, "GET " CREDENTIALS "?wait=60 HTTP/1.1\r\n\r\nGET /v1/profiles HTTP/1.1\r\n\r\n");
        settle(&f);
        struct error reason = {.kind = ERROR_CANCELLED, .message = "the profile was removed"};
        server_set_profiles(f.server, NULL, 0);
        entry_retire(f.profiles[0].entry, &reason);
        client_answer(&c);
        expect_problem(&c, 404, "profile_not_found");
        assert_int_equal(client_answer(&c), 200);
        assert_string_equal(client_body(&c),
                            "{\"profiles\":[],\"listeners\":[{\"unix\":\"/socket\",\"api\":[\"native\",\"echo\"]}]}\n");
        stop(&f, &c);
}

// The profile stays, but not for this peer: what it has waited for it does not get.
static void refuses_a_wait_whose_peer_lost_its_access(void **state)
{
        (void)state;
        static uid_t other = 4711;
        static const struct allow_rule nobody = {.uids = &other, .uids_count = 1, .scopes = ALLOW_ALL};
        static const char body[] = "{\"method\":\"GET\",\"url\":\"" STS_URL "\"}";
        char sign[512];
        snprintf(sign, sizeof(sign), "POST " SIGN "?wait=60 HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", strlen(body));
        const char *const heads[] = {"GET " CREDENTIALS "?wait=60 HTTP/1.1\r\n\r\n", sign, sign};
        const char *const first[] = {"", body, "{\"method\""}; // … before the table is replaced: all, or a part
        const char *const then[] = {"", "", body + 9};
        for (size_t i = 0; i < LENGTH(heads); i++) {
                struct fixture f;
                struct client c;
                struct scripted *s = serve_profile(&f, &c);
                s->script = SCRIPT_HANG;
                client_send(&c, heads[i]);
                client_send(&c, first[i]);
                settle(&f);
                struct server_profile table = f.profiles[0];
                table.allow = &nobody;
                table.allow_count = 1;
                server_set_profiles(f.server, &table, 1);
                s->script = SCRIPT_GIVE;
                script_release(s);
                client_send(&c, then[i]);
                client_answer(&c);
                expect_problem(&c, 403, "peer_not_allowed");
                assert_false(client_body_has(&c, SECRET));
                stop(&f, &c);
        }
}

// A reload that leaves the profile as it is, then the end: the old table is gone, and who waits is told by the new one.
static void test_end_after_the_table_was_replaced(void **state)
{
        (void)state;
        static const bool stays[] = {true, false};
        for (size_t i = 0; i < LENGTH(stays); i++) {
                struct fixture f;
                struct client c;
                serve_profile(&f, &c)->script = SCRIPT_HANG;
                struct server_profile *old = malloc(sizeof(*old));
                assert_non_null(old);
                *old = f.profiles[0];
                old->name = strdup("a");
                server_set_profiles(f.server, old, 1);
                client_send(&c, "GET " CREDENTIALS "?wait=60 HTTP/1.1\r\n\r\n");
                settle(&f);
                server_set_profiles(f.server, stays[i] ? f.profiles : NULL, stays[i] ? 1 : 0);
                free((char *)(uintptr_t)old->name);
                free(old);
                fixture_begin_end(&f, 60000);
                client_answer(&c);
                expect_problem(&c, 503, "shutting_down");
                expect_member(&c, "profile", stays[i] ? "a" : "missing");
                client_close(&c);
                fixture_stop(&f);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_end_after_the_table_was_replaced),
            cmocka_unit_test(refuses_a_wait_whose_peer_lost_its_access),
            cmocka_unit_test(test_nothing_open),
            cmocka_unit_test(measures_the_time_without_a_connection),
            cmocka_unit_test(is_idle_from_the_start),
            cmocka_unit_test(test_idle_connections),
            cmocka_unit_test(test_request_on_its_way),
            cmocka_unit_test(test_waiting_requests),
            cmocka_unit_test(test_no_new_waits),
            cmocka_unit_test(test_slow_reader_gets_its_answer),
            cmocka_unit_test(test_grace_ends),
            cmocka_unit_test(test_profile_is_replaced_under_a_wait),
            cmocka_unit_test(test_profile_is_removed_under_a_wait),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
