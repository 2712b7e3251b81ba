// SPDX-License-Identifier: Apache-2.0
// Peers that are slow, silent or gone, and more of them than there is room for.
#include <sys/resource.h>

#include "tests/unit/server/fixture.h"

#define GET_LIVEZ "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
#define WAIT_FOR_A "GET " CREDENTIALS "?wait=60 HTTP/1.1\r\n\r\n"

static void test_half_closed_peer(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_profile(&f, &c);
        s->script = SCRIPT_HANG;
        client_send(&c, "GET /v1/profiles/a/credentials HTTP/1.1\r\n\r\n" GET_LIVEZ "GET /cut");
        shutdown(c.fd, SHUT_WR);
        settle(&f);
        s->script = SCRIPT_GIVE;
        script_release(s);
        assert_int_equal(client_answer(&c), 200);
        ASSERT_BODY_HAS(&c, "AccessKeyId");
        assert_int_equal(client_answer(&c), 200);
        ASSERT_BODY_HAS(&c, "alive");
        client_expect_end(&c);
        stop(&f, &c);
}

static void test_peer_leaves(void **state)
{
        (void)state;
        static const char *const requests[] = {
            "", "GET /liv", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", WAIT_FOR_A, (WAIT_FOR_A GET_LIVEZ),
        };
        struct fixture f;
        fixture_start(&f);
        fixture_add(&f, "a", false)->script = SCRIPT_HANG;
        for (size_t i = 0; i < LENGTH(requests); i++) {
                struct client c = client_open(&f);
                client_send(&c, requests[i]);
                settle(&f);
                assert_int_equal(f.server->connections_count, 1);
                client_close(&c);
                TURN_UNTIL(&f, f.server->connections_count == 0);
        }
        fixture_stop(&f);
}

static void test_slow_reader(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        size_t asked = client_fill(&c);
        TURN_UNTIL(&f, f.server->connections->state == CONNECTION_WRITING);
        for (size_t i = 0; i < asked; i++)
                assert_int_equal(client_answer(&c), 200);
        assert_int_equal(f.server->connections->state, CONNECTION_IDLE);
        stop(&f, &c);
}

static void test_peer_leaves_mid_answer(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        client_fill(&c);
        TURN_UNTIL(&f, f.server->connections->state == CONNECTION_WRITING);
        client_close(&c);
        TURN_UNTIL(&f, f.server->connections_count == 0);
        fixture_stop(&f);
}

static void closes_slow_connections_at_their_deadlines(void **state)
{
        (void)state;
        static const struct {
                const char *request;
                struct server_deadlines deadlines;
                int status; // 0: closed without a word
        } rows[] = {
            {"", {.idle_ms = 2, .request_ms = 100000}, 0},
            {GET_LIVEZ, {.idle_ms = 2, .request_ms = 100000}, 200},
            {"\r\n\r\n", {.idle_ms = 2, .request_ms = 100000}, 0},
            {"GET /livez HTTP/1.1\r\nA", {.idle_ms = 100000, .request_ms = 2}, 408},
            {"POST /v1/profiles/a/sign HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc",
             {.idle_ms = 100000, .request_ms = 2},
             408},
            {"POST /v1/profiles/a/sign HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
             {.idle_ms = 100000, .request_ms = 2},
             100},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fixture f;
                struct client c;
                (void)serve_profile(&f, &c);
                f.server->deadlines = rows[i].deadlines;
                f.server->deadlines.sweep_ms = 1;
                f.server->deadlines.linger_ms = 2;
                client_send(&c, rows[i].request);
                if (rows[i].status)
                        assert_int_equal(client_answer(&c), rows[i].status);
                if (rows[i].status == 100)
                        client_answer(&c);
                if (rows[i].status == 408 || rows[i].status == 100)
                        expect_problem(&c, 408, "request_timeout");
                client_expect_end(&c);
                client_close(&c);
                fixture_stop(&f);
        }
}

static void test_write_deadline(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        f.server->deadlines.sweep_ms = 1;
        f.server->deadlines.write_ms = 3;
        client_fill(&c);
        TURN_UNTIL(&f, f.server->connections_count == 0);
        stop(&f, &c);
}

static void test_too_many_connections(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct client first = client_open(&f);
        TURN_UNTIL(&f, f.server->connections_count == 1);
        f.server->users.max[USER_CONNECTIONS] = 3; // of which one uid may have as many as stay free: one
        struct client control = client_open(&f);   // the operator's, as this process is
        client_send(&control, "GET /livez HTTP/1.1\r\n");
        TURN_UNTIL(&f, f.server->control && f.server->control->state == CONNECTION_READING);
        struct client c = client_open(&f);
        client_answer(&c);
        expect_problem(&c, 503, "too_many_connections");
        assert_true(client_head_has(&c, "Retry-After: 1\n"));
        client_expect_end(&c);
        client_close(&c);
        assert_int_equal(client_ask(&control, "\r\n"), 200);
        client_close(&control);
        client_close(&first);
        fixture_stop(&f);
}

// Whatever its own uid holds: the last connection that comes, if the one before does nothing.
static void keeps_a_connection_for_the_operator(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct client held[4];
        held[0] = client_open(&f);
        TURN_UNTIL(&f, f.server->connections_count == 1);
        f.server->users.max[USER_CONNECTIONS] = 3;
        for (size_t i = 1; i < LENGTH(held); i++) {
                held[i] = client_open(&f);
                TURN_UNTIL(&f, f.server->connections_count == 2 && f.server->control);
        }
        struct client c = client_open(&f);
        assert_int_equal(client_get(&c, "/livez"), 200);
        assert_int_equal(client_get(&c, "/livez"), 200);
        client_expect_end(&held[2]);
        client_expect_end(&held[3]);
        client_close(&c);
        TURN_UNTIL(&f, !f.server->control);
        assert_int_equal(client_get(&held[0], "/livez"), 200);
        for (size_t i = 0; i < LENGTH(held); i++)
                client_close(&held[i]);
        TURN_UNTIL(&f, f.server->connections_count == 0);
        fixture_stop(&f);
}

static void takes_fewer_connections_than_it_may_have_descriptors(void **state)
{
        (void)state;
        struct users users;
        struct account one, other;
        users_init(&users, 10);
        assert_int_equal(account_open(&one, &users, 1), 0);
        assert_int_equal(account_open(&other, &users, 2), 0);
        assert_true(account_set(&one, USER_CONNECTIONS, 5));
        assert_false(account_set(&one, USER_CONNECTIONS, 6));
        assert_true(account_set(&one, USER_WAITS, 5));
        assert_false(account_set(&one, USER_WAITS, 6));
        assert_true(account_set(&other, USER_CONNECTIONS, 2));
        account_close(&one);
        account_close(&other);
        users_init(&users, SIZE_MAX);
        assert_int_equal(users.max[USER_CONNECTIONS], LIMIT_CONNECTIONS_N);
}

// --- the log ---

static size_t count_lines(struct fixture *f, const char *text)
{
        struct buffer log;
        size_t lines = 0;
        fixture_read_log(f, &log);
        for (const char *at = (const char *)log.p; (at = strstr(at, text)) != NULL; at++)
                lines++;
        buffer_free(&log);
        return lines;
}

static void leaves_out_log_lines_of_a_peer_that_is_denied_without_end(void **state)
{
        (void)state;
        static uid_t stranger = 4711;
        static const struct allow_rule others = {.uids = &stranger, .uids_count = 1, .scopes = ALLOW_ALL};
        struct fixture f;
        struct client c;
        serve_profile(&f, &c);
        f.profiles[0].allow = &others;
        f.profiles[0].allow_count = 1;
        for (int i = 0; i < 1000; i++)
                assert_int_equal(client_get(&c, CREDENTIALS), 403);
        assert_int_equal(count_lines(&f, "access_denied"), LOG_LIMITER_BURST_N);
        f.now_ms += LOG_LIMITER_EVERY_MS;
        f.clock.speed = FAST;
        for (int i = 0; i < 10; i++)
                assert_int_equal(client_get(&c, CREDENTIALS), 403);
        assert_int_equal(count_lines(&f, "access_denied"), LOG_LIMITER_BURST_N + 1);
        fixture_begin_end(&f, 0);
        TURN_UNTIL(&f, f.is_server_closed);
        char line[128];
        snprintf(line, sizeof(line), "event=log_lines_dropped of=access_denied lines=999 uid=%u\n", getuid());
        assert_int_equal(count_lines(&f, line), 1);
        stop(&f, &c);
}

static void reports_what_was_left_out_while_it_goes_on(void **state)
{
        (void)state;
        static uid_t stranger = 4711;
        static const struct allow_rule others = {.uids = &stranger, .uids_count = 1, .scopes = ALLOW_ALL};
        struct fixture f;
        struct client c;
        serve_profile(&f, &c);
        f.profiles[0].allow = &others;
        f.profiles[0].allow_count = 1;
        f.clock.speed = FAST;
        for (int i = 0; i < LOG_LIMITER_BURST_N + 7; i++)
                assert_int_equal(client_get(&c, CREDENTIALS), 403);
        TURN_UNTIL(&f, count_lines(&f, "event=log_lines_dropped of=access_denied lines=7 ") == 1);
        stop(&f, &c);
}

// Out of descriptors: whoever connects waits in the kernel's queue and is served once there are some.
static void test_out_of_descriptors(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        f.server->deadlines.rearm_ms = 1;
        int spare[1024];
        size_t count = 0;
        struct rlimit before;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        struct rlimit low = {.rlim_cur = 64, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        while ((spare[count] = dup(0)) >= 0)
                count++;
        assert_int_equal(errno, EMFILE);
        client_send(&c, GET_LIVEZ);
        settle(&f);
        assert_int_equal(f.server->connections_count, 0);
        assert_false(client_receive(&c));
        assert_false(c.is_at_end);
        while (count > 0)
                close(spare[--count]);
        assert_int_equal(client_answer(&c), 200);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        struct buffer log;
        fixture_read_log(&f, &log);
        const char *told = strstr((const char *)log.p, "accept_failed");
        assert_non_null(told);
        assert_null(strstr(told + 1, "accept_failed")); // once
        buffer_free(&log);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_half_closed_peer),
            cmocka_unit_test(test_peer_leaves),
            cmocka_unit_test(test_slow_reader),
            cmocka_unit_test(test_peer_leaves_mid_answer),
            cmocka_unit_test(closes_slow_connections_at_their_deadlines),
            cmocka_unit_test(test_write_deadline),
            cmocka_unit_test(test_too_many_connections),
            cmocka_unit_test(keeps_a_connection_for_the_operator),
            cmocka_unit_test(takes_fewer_connections_than_it_may_have_descriptors),
            cmocka_unit_test(leaves_out_log_lines_of_a_peer_that_is_denied_without_end),
            cmocka_unit_test(reports_what_was_left_out_while_it_goes_on),
            cmocka_unit_test(test_out_of_descriptors),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
