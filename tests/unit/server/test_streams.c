// SPDX-License-Identifier: Apache-2.0
// Bodies and answers in pieces, both ways at once, under peers that are slow, that leave, and that ask for more.
#include "tests/unit/server/fixture.h"

#define MIB ((size_t)1024 * 1024)
#define POST_ECHO "POST /echo HTTP/1.1\r\n"

static uint8_t pattern(size_t i)
{
        return (uint8_t)(i * 131 + i / 251);
}

static struct connection *only_connection(struct fixture *f)
{
        assert_int_equal(f->server->connections_count, 1);
        return f->server->connections;
}

static void begin(struct fixture *f)
{
        memset(&echo_counts, 0, sizeof(echo_counts));
        fixture_start(f);
}

// A message of `n` bytes of the pattern in one buffer.
static struct buffer echo_request(size_t n)
{
        struct buffer b;
        buffer_init(&b, 16 * MIB);
        (void)buffer_printf(&b, POST_ECHO "Content-Length: %zu\r\n\r\n", n);
        for (size_t i = 0; i < n; i++)
                (void)buffer_put_byte(&b, pattern(i));
        assert_false(b.failed);
        return b;
}

static void expect_pattern(const struct client *c, size_t n)
{
        assert_int_equal(c->body.n, n);
        for (size_t i = 0; i < n; i++)
                if (c->body.p[i] != pattern(i))
                        fail_msg("byte %zu is another", i);
}

static void echoes_what_a_slow_reader_sends(void **state)
{
        (void)state;
        enum { BYTES = 3 * 1024 * 1024 };
        struct fixture f;
        begin(&f);
        struct client c = client_open(&f);
        struct buffer request = echo_request(BYTES);
        struct slice rest = buffer_slice(&request);
        time_t start = time(NULL);
        for (unsigned i = 0; rest.n > 0 || !client_parse(&c); i++) {
                ssize_t n = rest.n > 0 ? send(c.fd, rest.p, rest.n, MSG_NOSIGNAL) : 0;
                rest = slice_from(rest, n > 0 ? (size_t)n : 0);
                turn(&f);
                const struct connection *server = only_connection(&f);
                assert_true(server->account.held[USER_INPUT] <= 2 * READ_SIZE);
                assert_true(server->account.held[USER_OUTPUT] <= 2 * READ_SIZE);
                if (i % 50 == 49) // now and then
                        (void)client_receive(&c);
                timeout_check(start, "the echo");
        }
        assert_int_equal(c.status, 200);
        assert_true(client_head_has(&c, "Transfer-Encoding: chunked\n"));
        expect_pattern(&c, BYTES);
        assert_true(echo_counts.pauses > 0);
        assert_int_equal(echo_counts.ends, 1);
        assert_int_equal(echo_counts.aborts, 0);
        assert_int_equal(client_get(&c, "/livez"), 200); // the connection is good
        assert_int_equal(only_connection(&f)->account.held[USER_INPUT], 0);
        assert_int_equal(only_connection(&f)->account.held[USER_OUTPUT], 0);
        buffer_free(&request);
        stop(&f, &c);
}

static void answers_pipelined_streams_in_order(void **state)
{
        (void)state;
        enum { COUNT = 40 };
        struct fixture f;
        begin(&f);
        struct client c = client_open(&f);
        struct buffer all;
        buffer_init(&all, 16 * MIB);
        for (size_t i = 0; i < COUNT; i++) {
                switch (i % 4) {
                case 0:
                        (void)buffer_printf(&all, POST_ECHO "Content-Length: 3\r\n\r\n%03zu", i);
                        break;
                case 1:
                        (void)buffer_printf(
                            &all, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n2\r\n%02zu\r\n1\r\n!\r\n0\r\n\r\n", i);
                        break;
                case 2:
                        (void)buffer_put_str(&all, "PATCH /count/x HTTP/1.1\r\nContent-Length: 5\r\n\r\n12345");
                        break;
                default:
                        (void)buffer_put_str(&all, "POST /refuse HTTP/1.1\r\nContent-Length: 4\r\n\r\nskip");
                }
        }
        client_send_bytes(&c, buffer_slice(&all));
        for (size_t i = 0; i < COUNT; i++) {
                char want[16];
                snprintf(want, sizeof(want), i % 4 == 0 ? "%03zu" : i % 4 == 1 ? "%02zu!" : "5\n", i);
                assert_int_equal(client_answer(&c), i % 4 == 3 ? 403 : 200);
                if (i % 4 != 3)
                        assert_string_equal(client_body(&c), want);
        }
        buffer_free(&all);
        stop(&f, &c);
}

// The peer leaves: the handler is aborted, once, wherever it is.
static void aborts_the_handler_when_the_peer_leaves(void **state)
{
        (void)state;
        static const struct {
                const char *request;
                size_t filler;
        } rows[] = {
            {POST_ECHO "Content-Length: 9\r\n\r\n", 0},                           // no body yet
            {POST_ECHO "Content-Length: 9\r\n\r\nabc", 0},                        // amid the body
            {POST_ECHO "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", 0},       // between chunks
            {POST_ECHO "Content-Length: 9000000\r\n\r\n", 2 * 1024 * 1024},       // full, the body paused
            {"POST /count/ HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n", 100000}, // nothing answered
            {"GET /spell HTTP/1.1\r\n\r\n", 0},                                   // amid the answer
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fixture f;
                begin(&f);
                f.server->deadlines.sweep_ms = 1;
                struct client c = client_open(&f);
                client_send(&c, rows[i].request);
                size_t left = rows[i].filler;
                for (int idle = 0; left > 0 && idle < 50; idle++) { // until neither side moves
                        static const char filler[4096];
                        ssize_t n = send(c.fd, filler, left < sizeof(filler) ? left : sizeof(filler), MSG_NOSIGNAL);
                        if (n > 0)
                                idle = 0;
                        left -= n > 0 ? (size_t)n : 0;
                        turn(&f);
                }
                settle(&f);
                assert_int_equal(echo_counts.begins, 1);
                assert_int_equal(echo_counts.aborts, 0);
                client_close(&c);
                TURN_UNTIL(&f, f.server->connections_count == 0);
                assert_int_equal(echo_counts.aborts, 1);
                assert_int_equal(echo_counts.ends, 0);
                fixture_stop(&f);
        }
}

// Of a long answer to a peer that does not read, no more than a piece waits in our memory.
static void keeps_one_piece_of_an_answer_that_nobody_reads(void **state)
{
        (void)state;
        struct fixture f;
        begin(&f);
        struct client c = client_open(&f);
        client_send(&c, "GET /spell HTTP/1.1\r\n\r\n");
        TURN_UNTIL(&f, f.server->connections_count == 1 && stream_unsent(&f.server->connections->stream) > 0);
        settle(&f);
        assert_true(only_connection(&f)->account.held[USER_OUTPUT] > 0);
        assert_true(only_connection(&f)->account.held[USER_OUTPUT] <= ECHO_SPELL_PIECE + 32);
        for (unsigned i = 0; i < 3; i++)
                settle(&f);
        assert_int_equal(echo_counts.ends, 0);
        f.server->deadlines.write_ms = 2; // nor for ever
        f.server->deadlines.sweep_ms = 1;
        (void)uv_timer_start(&f.server->sweep, f.server->sweep.timer_cb, 1, 1);
        TURN_UNTIL(&f, f.server->connections_count == 0);
        assert_int_equal(echo_counts.aborts, 1);
        stop(&f, &c);
}

static void ends_streams_of_http_1_0_with_the_connection(void **state)
{
        (void)state;
        struct fixture f;
        begin(&f);
        struct client c = client_open(&f);
        client_send(&c, "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello");
        while (!c.is_at_end) {
                (void)client_receive(&c);
                turn(&f);
        }
        (void)buffer_put_byte(&c.received, '\0');
        assert_null(strstr((const char *)c.received.p, "chunked"));
        assert_non_null(strstr((const char *)c.received.p, "Connection: close\r\n"));
        assert_non_null(strstr((const char *)c.received.p, "\r\n\r\nhello"));
        stop(&f, &c);
}

static void answers_head_without_a_body(void **state)
{
        (void)state;
        struct fixture f;
        begin(&f);
        fixture_add(&f, "a", true);
        struct client c = client_open(&f);
        client_send(&c, "HEAD /spell HTTP/1.1\r\n\r\nHEAD /v1/profiles HTTP/1.1\r\n\r\nHEAD /metrics HTTP/1.1\r\n\r\n");
        settle(&f);
        (void)client_receive(&c);
        (void)buffer_put_byte(&c.received, '\0');
        const char *at = (const char *)c.received.p;
        for (int i = 0; i < 3; i++) {
                assert_int_equal(strncmp(at, "HTTP/1.1 200 OK\r\n", 17), 0);
                at = strstr(at, "\r\n\r\n") + 4;
        }
        assert_string_equal(at, "");
        buffer_reset(&c.received);
        assert_int_equal(client_get(&c, "/livez"), 200);
        stop(&f, &c);
}

// A handler that cannot go on breaks the answer off, so that the peer does not take it for whole.
static void breaks_off_an_answer_that_fails(void **state)
{
        (void)state;
        struct fixture f;
        begin(&f);
        struct client c = client_open(&f);
        client_send(&c, "GET /fail HTTP/1.1\r\n\r\n");
        while (!c.is_at_end) {
                (void)client_receive(&c);
                turn(&f);
        }
        assert_false(client_parse(&c));
        assert_true(http_whole_is_inside(c.parser));
        assert_int_equal(echo_counts.aborts, 1);
        stop(&f, &c);
}

// An answer before a body: short ones are read over, long ones end the connection, and so does "Expect".
static void answers_before_the_body(void **state)
{
        (void)state;
        static const struct {
                const char *head;
                size_t body;
                bool ends;
        } rows[] = {
            {"POST /refuse HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n", 1000000, false},
            {"POST /refuse HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n", 0, true},
            {"POST /refuse HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n", 0, true},
            {"POST /none HTTP/1.1\r\nContent-Length: 10\r\n\r\n", 10, false},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fixture f;
                begin(&f);
                struct client c = client_open(&f);
                client_send(&c, rows[i].head);
                assert_true(client_answer(&c) >= 403);
                assert_int_equal(client_head_has(&c, "Connection: close\n"), rows[i].ends);
                for (size_t sent = 0; sent < rows[i].body; sent += 10)
                        client_send(&c, "0123456789");
                if (rows[i].ends)
                        client_expect_end(&c);
                else
                        assert_int_equal(client_get(&c, "/livez"), 200);
                client_close(&c);
                fixture_stop(&f);
        }
}

static void counts_requests_by_api(void **state)
{
        (void)state;
        struct fixture f;
        begin(&f);
        struct client c = client_open(&f);
        assert_int_equal(client_get(&c, "/count/x"), 200);
        assert_int_equal(client_get(&c, "/livez"), 200);
        assert_int_equal(client_get(&c, "/metrics"), 200);
        ASSERT_BODY_HAS(&c, "keyfob_requests_total{api=\"native\",code=\"200\"} 1\n");
        ASSERT_BODY_HAS(&c, "keyfob_requests_total{api=\"echo\",code=\"200\"} 1\n");
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(echoes_what_a_slow_reader_sends),
            cmocka_unit_test(answers_pipelined_streams_in_order),
            cmocka_unit_test(aborts_the_handler_when_the_peer_leaves),
            cmocka_unit_test(keeps_one_piece_of_an_answer_that_nobody_reads),
            cmocka_unit_test(ends_streams_of_http_1_0_with_the_connection),
            cmocka_unit_test(answers_head_without_a_body),
            cmocka_unit_test(breaks_off_an_answer_that_fails),
            cmocka_unit_test(answers_before_the_body),
            cmocka_unit_test(counts_requests_by_api),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
