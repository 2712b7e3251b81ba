// SPDX-License-Identifier: Apache-2.0
// How much one turn of the loop does when hundreds of peers hang up at once, or run into a deadline together.
#include "tests/unit/server/fixture.h"

#define LATE "GET " CREDENTIALS "?wait=60 HTTP/1.1\r\n\r\n"

enum { PEERS = 200, ENDS = 32, CHECKS = 128, ACCEPTS = 16 };

static void open_all(struct fixture *f, struct client *peers)
{
        for (size_t i = 0; i < PEERS; i++) {
                peers[i] = client_open(f);
                turn(f);
        }
        TURN_UNTIL(f, f->server->connections_count == PEERS);
}

static void close_all(struct client *peers)
{
        for (size_t i = 0; i < PEERS; i++)
                client_close(&peers[i]);
}

static size_t count_closed(const struct server *s)
{
        size_t n = PEERS - s->connections_count;
        for (const struct connection *c = s->connections; c; c = c->next)
                n += c->state == CONNECTION_CLOSING;
        return n;
}

// Turns until all have ended; the most that ended in one turn.
static size_t most_ends(struct fixture *f)
{
        size_t most = 0;
        time_t start = time(NULL);
        for (size_t before = f->server->connections_count; before > 0; timeout_check(start, "the end of all")) {
                bool has_backlog = !TAILQ_EMPTY(&f->server->closing);
                turn(f);
                size_t after = f->server->connections_count;
                assert_true(!has_backlog || after < before); // no turn passes in vain
                if (before - after > most)
                        most = before - after;
                before = after;
        }
        return most;
}

// Nothing is read from them, so that the check finds that they have gone.
static void ends_some_of_many_waiting_peers_in_a_turn(void **state)
{
        (void)state;
        struct fixture f;
        struct client peers[PEERS];
        fixture_start(&f);
        fixture_add(&f, "a", true)->script = SCRIPT_HANG;
        open_all(&f, peers);
        for (size_t i = 0; i < PEERS; i++)
                client_send(&peers[i], "GET " CREDENTIALS "?wait=60 HTTP/1.1\r\n\r\nGET /livez HTTP/1.1\r\n\r\n");
        TURN_UNTIL(&f, f.server->users.used[USER_WAITS] == PEERS);
        settle(&f);
        close_all(peers);
        assert_in_range(most_ends(&f), 1, ENDS);
        assert_int_equal(f.server->users.used[USER_WAITS], 0);
        fixture_stop(&f);
}

// A read reports that they have gone. Those of one turn, and before it what the last one has left.
static void ends_some_of_many_idle_peers_in_a_turn(void **state)
{
        (void)state;
        struct fixture f;
        struct client peers[PEERS];
        fixture_start(&f);
        open_all(&f, peers);
        close_all(peers);
        assert_in_range(most_ends(&f), 1, ENDS);
        fixture_stop(&f);
}

// One that waits for its end uses nothing and answers nothing.
static void counts_peers_until_they_have_ended(void **state)
{
        (void)state;
        struct fixture f;
        struct client peers[PEERS];
        fixture_start(&f);
        fixture_add(&f, "a", true)->script = SCRIPT_HANG;
        open_all(&f, peers);
        for (struct connection *c = f.server->connections, *next; c; c = next) {
                next = c->next;
                connection_close(c);
                connection_close(c); // does nothing
        }
        assert_int_equal(count_closed(f.server), PEERS);
        assert_int_equal(f.server->connections_count, PEERS - ENDS);
        assert_int_equal(f.server->users.used[USER_CONNECTIONS], PEERS - ENDS);
        for (const struct connection *c = f.server->connections; c; c = c->next)
                assert_false(c->stream.is_reading);
        for (size_t i = 0; i < PEERS; i++)
                (void)!send(peers[i].fd, LATE, sizeof(LATE) - 1, MSG_NOSIGNAL);
        turns_check_all(f.server); // passes over them
        assert_in_range(most_ends(&f), 1, ENDS);
        assert_int_equal(f.server->users.used[USER_CONNECTIONS], 0);
        assert_int_equal(f.server->users.used[USER_WAITS], 0);
        assert_false(uv_is_active((uv_handle_t *)&f.server->turns));
        close_all(peers);
        fixture_stop(&f);
}

static void checks_some_of_many_deadlines_in_a_turn(void **state)
{
        (void)state;
        struct fixture f;
        struct client peers[PEERS];
        fixture_start(&f);
        open_all(&f, peers);
        f.server->deadlines.idle_ms = 0;
        turns_check_all(f.server);
        turn(&f);
        assert_int_equal(count_closed(f.server), CHECKS);
        turn(&f);
        assert_int_equal(count_closed(f.server), PEERS);
        close_all(peers);
        fixture_stop(&f);
}

// One of them ends between two turns of a round.
static void goes_on_checking_after_the_next_has_ended(void **state)
{
        (void)state;
        struct fixture f;
        struct client peers[PEERS];
        fixture_start(&f);
        open_all(&f, peers);
        turns_check_all(f.server);
        turn(&f);
        struct connection *next = f.server->unchecked;
        assert_non_null(next);
        struct connection *after = next->next;
        connection_close(next);
        assert_ptr_equal(f.server->unchecked, after);
        TURN_UNTIL(&f, !f.server->unchecked);
        assert_int_equal(f.server->connections_count, PEERS - 1);
        close_all(peers);
        fixture_stop(&f);
}

static void accepts_some_of_many_peers_in_a_turn(void **state)
{
        (void)state;
        struct fixture f;
        struct client peers[PEERS];
        fixture_start(&f);
        for (size_t i = 0; i < PEERS; i++)
                peers[i] = client_open(&f);
        for (size_t n = 0; n < PEERS;) {
                turn(&f);
                assert_in_range(f.server->connections_count - n, 1, ACCEPTS);
                n = f.server->connections_count;
        }
        close_all(peers);
        fixture_stop(&f);
}

static void charges_reads_to_the_user(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        assert_int_equal(client_get(&c, "/livez"), 200);
        uint8_t *p;
        size_t n;
        f.server->turn_ns = 0;
        assert_true(connection_stream_ops.buffer(&f.server->connections->stream, &p, &n));
        assert_int_not_equal(f.server->turn_ns, 0); // its work begins here, not when the bytes have been read
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(ends_some_of_many_waiting_peers_in_a_turn),
            cmocka_unit_test(ends_some_of_many_idle_peers_in_a_turn),
            cmocka_unit_test(counts_peers_until_they_have_ended),
            cmocka_unit_test(checks_some_of_many_deadlines_in_a_turn),
            cmocka_unit_test(goes_on_checking_after_the_next_has_ended),
            cmocka_unit_test(accepts_some_of_many_peers_in_a_turn),
            cmocka_unit_test(charges_reads_to_the_user),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
