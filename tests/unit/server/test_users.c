// SPDX-License-Identifier: Apache-2.0
// What is charged to a uid, how turns of the loop are shared, and that a peer that has left is noticed.
#include "tests/unit/server/fixture.h"

#define WAIT_FOR_A "GET " CREDENTIALS "?wait=60 HTTP/1.1\r\n\r\n"

static void grants_no_more_than_what_stays_free(void **state)
{
        (void)state;
        struct users users;
        struct account one, other, third;
        users_init(&users, 0);
        users.max[USER_INPUT] = 100;
        assert_int_equal(account_open(&one, &users, 1), 0);
        assert_int_equal(account_open(&other, &users, 2), 0);
        assert_int_equal(account_open(&third, &users, 1), 0); // of the first user
        assert_ptr_equal(one.user, third.user);
        assert_true(account_set(&one, USER_INPUT, 50));
        assert_false(account_set(&one, USER_INPUT, 51));
        assert_int_equal(one.held[USER_INPUT], 50);
        assert_false(account_set(&third, USER_INPUT, 1)); // it is the uid that counts
        assert_true(account_set(&other, USER_INPUT, 25)); // half of the rest
        assert_false(account_set(&other, USER_INPUT, 26));
        account_lower(&one, USER_INPUT, 10);
        assert_true(account_set(&third, USER_INPUT, 5));
        assert_int_equal(users.used[USER_INPUT], 40);
        account_close(&one);
        account_close(&one); // does nothing
        assert_int_equal(users.used[USER_INPUT], 30);
        assert_int_equal(third.user->used[USER_INPUT], 5);
        account_close(&third);
        account_close(&other);
        assert_null(users.first);
        assert_int_equal(users.used[USER_INPUT], 0);
}

// A burst of pipelined requests is answered over many turns; another connection is served in between.
static void shares_turns_between_connections(void **state)
{
        (void)state;
        enum { COUNT = 2500 };
        struct fixture f;
        struct client greedy;
        serve(&f, &greedy);
        fixture_add(&f, "a", true);
        struct client c = client_open(&f);
        assert_int_equal(client_get(&c, "/livez"), 200);
        struct buffer burst;
        buffer_init(&burst, ANSWER_MAX);
        for (int i = 0; i < COUNT; i++)
                (void)buffer_put_str(&burst, "HEAD /metrics HTTP/1.1\r\n\r\n");
        client_send_bytes(&greedy, slice_head(buffer_slice(&burst), 26 * 2500));
        client_send(&c, "GET /livez HTTP/1.1\r\n\r\n");
        int turns = 0;
        while (!client_receive(&c)) {
                turn(&f);
                turns++;
        }
        assert_true(turns < 5);
        // Of the burst one piece was answered in each turn so far.
        size_t n = 0;
        uint8_t bytes[4096];
        for (ssize_t got; (got = recv(greedy.fd, bytes, sizeof(bytes), 0)) > 0;)
                n += (size_t)got;
        assert_true(n < (size_t)COUNT * 100 / 2);
        buffer_free(&burst);
        client_close(&greedy);
        stop(&f, &c);
}

static void ends_the_turn_of_a_connection_by_count_and_by_time(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        assert_int_equal(client_get(&c, "/livez"), 200);
        struct connection *connection = f.server->connections;
        turns_begin(f.server);
        assert_false(turns_is_over(connection, 15));
        assert_true(turns_is_over(connection, 16));
        f.server->now_ns = f.server->turn_ns + 500000;
        assert_false(turns_is_over(connection, 1));
        f.server->now_ns++;
        assert_true(turns_is_over(connection, 1));
        // all of a user's
        connection->account.user->spent_ns = 0;
        connection->account.user->turn_ms = uv_now(&f.loop);
        f.server->now_ns = f.server->turn_ns + 2000000;
        turns_end(connection, true);
        assert_false(turns_has_user_spent(connection));
        f.server->now_ns = f.server->turn_ns + 1;
        turns_end(connection, true);
        assert_true(turns_has_user_spent(connection));
        connection->account.user->turn_ms--; // in another turn of the loop it begins anew
        assert_false(turns_has_user_spent(connection));
        stop(&f, &c);
}

// Nothing is read from it any more, as there is enough to do; that it has gone is seen all the same, and soon.
static void notices_within_a_second_that_a_waiting_peer_has_left(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_profile(&f, &c)->script = SCRIPT_HANG;
        client_send(&c, WAIT_FOR_A "GET /livez HTTP/1.1\r\n\r\n");
        settle(&f);
        assert_false(f.server->connections->stream.is_reading);
        assert_int_equal(f.server->users.used[USER_WAITS], 1);
        assert_true(f.server->users.used[USER_INPUT] > 0);
        uint64_t begin_ns = uv_hrtime();
        client_close(&c);
        TURN_UNTIL(&f, f.server->connections_count == 0);
        assert_true(uv_hrtime() - begin_ns < 1000000000);
        assert_int_equal(f.server->users.used[USER_WAITS], 0);
        assert_int_equal(f.server->users.used[USER_INPUT], 0);
        fixture_stop(&f);
}

static void refuses_waits_beyond_what_a_uid_may_have(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_profile(&f, &c);
        s->script = SCRIPT_HANG;
        f.server->users.max[USER_WAITS] = 2;
        client_send(&c, WAIT_FOR_A);
        settle(&f);
        struct client second = client_open(&f);
        client_get(&second, CREDENTIALS);
        expect_problem(&second, 503, "too_many_requests");
        assert_true(client_head_has(&second, "Retry-After: 1\n"));
        s->script = SCRIPT_GIVE;
        script_release(s);
        assert_int_equal(client_answer(&c), 200);
        assert_int_equal(client_get(&second, CREDENTIALS), 200); // and the connection is as good as before
        client_close(&second);
        stop(&f, &c);
}

static void refuses_bodies_beyond_what_a_uid_may_have(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        f.server->users.max[USER_INPUT] = 200000;
        struct buffer b;
        buffer_init(&b, ANSWER_MAX);
        (void)buffer_printf(&b, "POST " SIGN " HTTP/1.1\r\nContent-Length: 300000\r\n\r\n");
        for (int i = 0; i < 300000; i++)
                (void)buffer_put_byte(&b, ' ');
        client_send_bytes(&c, buffer_slice(&b));
        client_answer(&c);
        expect_problem(&c, 503, "too_many_requests");
        assert_true(client_head_has(&c, "Retry-After: 1\n"));
        TURN_UNTIL(&f, f.server->users.used[USER_INPUT] == 0);
        buffer_free(&b);
        stop(&f, &c);
}

// A request whose rest cannot be kept while it waits.
static void refuses_what_is_pipelined_behind_a_wait_beyond_that(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_profile(&f, &c)->script = SCRIPT_HANG;
        f.server->users.max[USER_INPUT] = 100;
        client_send(&c, WAIT_FOR_A);
        settle(&f);
        struct buffer b;
        buffer_init(&b, ANSWER_MAX);
        for (int i = 0; i < 10000; i++)
                (void)buffer_put_byte(&b, 'x');
        client_send_bytes(&c, buffer_slice(&b));
        client_answer(&c);
        expect_problem(&c, 503, "too_many_requests");
        assert_int_equal(f.server->users.used[USER_WAITS], 0);
        client_expect_end(&c);
        buffer_free(&b);
        stop(&f, &c);
}

// Heads that come in pieces are held, too.
static void charges_heads_that_are_not_whole(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        client_send(&c, "GET /livez HTTP/1.1\r\nX-A: ");
        settle(&f);
        assert_int_equal(f.server->users.used[USER_INPUT], 26);
        assert_int_equal(client_ask(&c, "b\r\n\r\n"), 200);
        assert_int_equal(f.server->users.used[USER_INPUT], 0);
        stop(&f, &c);
}

static void closes_on_answers_that_cannot_be_held(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        f.server->users.max[USER_OUTPUT] = 1000;
        client_send(&c, "GET /spell HTTP/1.1\r\n\r\n");
        TURN_UNTIL(&f, f.server->connections_count == 0 && echo_counts.aborts > 0);
        assert_int_equal(f.server->users.used[USER_OUTPUT], 0);
        stop(&f, &c);
}

// As proto/README.md has them.
static void has_the_documented_deadlines(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        const struct server_deadlines *d = &f.server->deadlines;
        assert_int_equal(d->sweep_ms, 500); // a peer that hangs up is noticed within a second
        assert_int_equal(d->idle_ms, 90000);
        assert_int_equal(d->request_ms, 10000);
        assert_int_equal(d->write_ms, 30000);
        assert_int_equal(d->linger_ms, 2000);
        assert_int_equal(d->drain_ms, 100);
        assert_int_equal(d->rearm_ms, 250);
        const size_t *max = f.server->users.max;
        assert_int_equal(max[USER_CONNECTIONS], 4096);
        assert_int_equal(max[USER_WAITS], 4096);
        assert_int_equal(max[USER_INPUT], 48 * 1024 * 1024);
        assert_int_equal(max[USER_OUTPUT], 32 * 1024 * 1024);
        fixture_stop(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(grants_no_more_than_what_stays_free),
            cmocka_unit_test(shares_turns_between_connections),
            cmocka_unit_test(ends_the_turn_of_a_connection_by_count_and_by_time),
            cmocka_unit_test(notices_within_a_second_that_a_waiting_peer_has_left),
            cmocka_unit_test(refuses_waits_beyond_what_a_uid_may_have),
            cmocka_unit_test(refuses_bodies_beyond_what_a_uid_may_have),
            cmocka_unit_test(refuses_what_is_pipelined_behind_a_wait_beyond_that),
            cmocka_unit_test(charges_heads_that_are_not_whole),
            cmocka_unit_test(closes_on_answers_that_cannot_be_held),
            cmocka_unit_test(has_the_documented_deadlines),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
