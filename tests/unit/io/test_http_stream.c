// SPDX-License-Identifier: Apache-2.0
// Bodies that pass in pieces, both ways, and the back-pressure on them.
#include "sidecar/io/http_stream.h"

#include <malloc.h>

#include "tests/unit/io/streaming.h"

enum { LARGE = 64 * 1024 * 1024, BOUND = 16 * 1024 * 1024, HEAP_BOUND = 1024 * 1024, ALL = 1 << 30 };

// --- what is handed out ---

static void serve_halves(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        (void)peer_read_head(p, fd);
        (void)peer_say(p, fd, "HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 10\r\n\r\nfirst");
        peer_wait_for(&p->may_go_on);
        (void)peer_say(p, fd, " half");
        peer_wait_for_end(fd);
}

static void hands_out_the_head_and_then_the_pieces(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL});
        struct http_request request = {.total_timeout_ms = 60000};
        peer_start(&f->peer, serve_halves);
        assert_true(streamed_start(&f->x, r, &f->peer, &request));
        while (r->body_n < 5) // as it comes, not when it is whole
                (void)uv_run(&f->x.loop, UV_RUN_ONCE);
        f->peer.may_go_on = true;
        streamer_run(&f->x);
        assert_whole(r, 200, 10);
        assert_string_equal(r->text, "first half");
        assert_int_equal(r->heads, 1);
        assert_string_equal(r->fields, "x-one=1;content-length=10;");
        assert_string_equal(r->trailers, "");
        assert_non_null(strstr(f->peer.request, "GET /a HTTP/1.1\r\n"));
}

static void serve_interim(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        (void)peer_read_head(p, fd);
        (void)peer_say(p, fd,
                       "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 204 No Content\r\nX-Late: 1\r\n\r\n");
        peer_wait_for_end(fd);
}

static void skips_interim_heads(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL});
        peer_start(&f->peer, serve_interim);
        streamed_run(&f->x, r, &f->peer);
        assert_whole(r, 204, 0);
        assert_string_equal(r->fields, "x-late=1;");
}

static void serve_trailers(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        while (peer_read_head(p, fd))
                (void)peer_say(p, fd,
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n2\r\n, \r\n5\r\n"
                               "world\r\n0\r\nX-First: 1\r\nX-Second:  two \r\n\r\n");
}

// `takes_at_once` of 1: each piece is refused once, and everything, trailers included, comes after pauses.
static void hands_out_trailers(void **state)
{
        struct fixture *f = *state;
        peer_start(&f->peer, serve_trailers);
        for (unsigned pauses = 0; pauses < 2; pauses++) {
                struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL, .takes_at_once = pauses});
                streamed_run(&f->x, r, &f->peer);
                assert_whole(r, 200, 12);
                assert_string_equal(r->text, "hello, world");
                assert_string_equal(r->trailers, "x-first=1;x-second=two;");
                assert_string_equal(r->fields, "transfer-encoding=chunked;");
                assert_int_equal(r->refusals > 0, pauses > 0);
        }
        assert_int_equal(f->peer.connections, 1); // which was fit to be used again
}

// --- back-pressure ---

static size_t heap_in_use(void)
{
        return mallinfo2().uordblks;
}

static void serve_large(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        while (peer_read_head(p, fd)) {
                char head[64];
                (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", p->body_n);
                (void)peer_say(p, fd, head);
                (void)peer_send_pattern(p, fd, p->body_n);
        }
}

// Turns until a count has not changed for a while.
static void run_until_still(struct streamer *x, const atomic_size_t *count)
{
        size_t before;
        do {
                before = *count;
                for (unsigned i = 0; i < 100; i++) {
                        (void)uv_run(&x->loop, UV_RUN_NOWAIT);
                        (void)usleep(1000);
                }
        } while (*count != before);
}

static void stops_reading_while_the_consumer_is_full(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = 100000});
        struct http_request request = {.total_timeout_ms = 0};
        size_t heap = heap_in_use();
        peer_start(&f->peer, serve_large);
        f->peer.body_n = LARGE;
        assert_true(streamed_start(&f->x, r, &f->peer, &request));
        while (r->refusals == 0)
                (void)uv_run(&f->x.loop, UV_RUN_ONCE);
        run_until_still(&f->x, &f->peer.sent);
        assert_int_equal(r->refusals, 1); // not asked again before it says so
        assert_true(f->peer.sent < BOUND);
        assert_true(heap_in_use() < heap + HEAP_BOUND);
        streamed_resume(r); // although nothing has changed
        run_until_still(&f->x, &f->peer.sent);
        assert_int_equal(r->refusals, 2);
        assert_true(r->body_n <= 100000);
        r->takes = ALL;
        streamed_resume(r);
        streamer_run(&f->x);
        assert_whole(r, 200, LARGE);
        assert_false(r->is_wrong);
}

static void loses_nothing_at_any_pause(void **state)
{
        static const size_t takes_at_once[] = {1, 5000, 16384, 100000};
        struct fixture *f = *state;
        peer_start(&f->peer, serve_large);
        f->peer.body_n = 8 * 1024 * 1024 + 1;
        for (size_t i = 0; i < LENGTH(takes_at_once); i++) {
                struct streamed *r =
                    streamed_new(f, (struct streamed){.takes = ALL, .takes_at_once = takes_at_once[i]});
                streamed_run(&f->x, r, &f->peer);
                assert_whole(r, 200, f->peer.body_n);
                assert_false(r->is_wrong);
                assert_true(r->refusals > 50);
        }
}

// Reads a body of `n` bytes, chunks taken apart, and checks it.
static bool peer_read_body(struct peer *p, int fd, size_t n, bool is_chunked)
{
        static uint8_t bytes[65536];
        size_t from = 0;
        bool is_right = true;
        while (is_right) {
                size_t chunk = n;
                if (is_chunked) {
                        char line[16] = "";
                        for (size_t i = 0; i < sizeof(line) - 1 && !strstr(line, "\r\n"); i++)
                                if (recv(fd, line + i, 1, 0) != 1)
                                        return false;
                        chunk = strtoull(line, NULL, 16);
                }
                for (size_t left = chunk; left > 0 && is_right;) {
                        ssize_t got = recv(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes), 0);
                        is_right = got > 0 && pattern_is(bytes, from, (size_t)got);
                        from += is_right ? (size_t)got : 0;
                        left -= is_right ? (size_t)got : 0;
                        p->received = from;
                }
                if (is_chunked && recv(fd, bytes, 2, MSG_WAITALL) != 2)
                        return false;
                if (!is_chunked || chunk == 0)
                        break;
        }
        return is_right && from == n;
}

static void serve_upload(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        while (peer_read_head(p, fd)) {
                bool is_chunked = strcasestr(p->request, "\r\ntransfer-encoding: chunked\r\n") != NULL;
                const char *length = strcasestr(p->request, "\r\ncontent-length: ");
                bool is_right = is_chunked ? !length : length && strtoull(length + 18, NULL, 10) == p->body_n;
                peer_wait_for(&p->may_go_on);
                is_right = is_right && peer_read_body(p, fd, p->body_n, is_chunked);
                if (!peer_say(p, fd,
                              is_right ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                                       : "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n"))
                        return;
        }
}

static void stops_pulling_while_the_upstream_does_not_read(void **state)
{
        struct fixture *f = *state;
        peer_start(&f->peer, serve_upload);
        f->peer.body_n = LARGE;
        for (unsigned chunked = 0; chunked < 2; chunked++) {
                struct streamed *r = streamed_new(
                    f, (struct streamed){.takes = ALL, .length = LARGE, .offers = LARGE, .is_chunked = chunked > 0});
                struct http_request request = {.total_timeout_ms = 0};
                atomic_size_t pulled = 0;
                size_t heap = heap_in_use();
                f->peer.may_go_on = false;
                assert_true(streamed_start(&f->x, r, &f->peer, &request));
                while (pulled != r->pulled || r->pulled == 0) {
                        pulled = r->pulled;
                        run_until_still(&f->x, &pulled);
                }
                assert_true(r->pulled < BOUND);
                assert_true(heap_in_use() < heap + HEAP_BOUND);
                f->peer.may_go_on = true;
                streamer_run(&f->x);
                assert_whole(r, 200, 0);
                assert_int_equal(f->peer.received, LARGE);
        }
        assert_int_equal(f->peer.connections, 1);
}

static void run_until_it_waits(struct streamer *x, struct streamed *r)
{
        unsigned before = r->waits;
        while (r->waits == before) {
                assert_int_equal(r->ends, 0);
                (void)uv_run(&x->loop, UV_RUN_NOWAIT);
        }
}

// Its bytes are there in four parts, some of which are empty. Some lengths are those of libcurl's buffer.
static void waits_for_the_source(void **state)
{
        static const size_t lengths[] = {1, 2, 65523, 65524, 65536, 100000};
        struct fixture *f = *state;
        peer_start(&f->peer, serve_upload);
        f->peer.may_go_on = true;
        for (size_t i = 0; i < 2 * LENGTH(lengths); i++) {
                struct streamed *r =
                    streamed_new(f, (struct streamed){.takes = ALL, .length = lengths[i / 2], .is_chunked = i % 2 > 0});
                struct http_request request = {.method = "PUT", .total_timeout_ms = 60000};
                f->peer.body_n = r->length;
                assert_true(streamed_start(&f->x, r, &f->peer, &request));
                run_until_it_waits(&f->x, r);
                for (size_t part = 1; part < 4; part++) {
                        r->offers = r->length * part / 4;
                        streamed_resume(r);
                        run_until_it_waits(&f->x, r);
                        assert_int_equal(r->pulled, r->offers);
                }
                r->offers = r->length;
                streamed_resume(r);
                streamer_run(&f->x);
                assert_whole(r, 200, 0);
                assert_int_equal(f->peer.received, r->length);
                assert_non_null(strstr(f->peer.request, "PUT /a HTTP/1.1\r\n"));
                assert_null(strcasestr(f->peer.request, "expect"));
        }
}

static void sends_an_empty_body_of_unknown_length(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL, .is_chunked = true});
        peer_start(&f->peer, serve_upload);
        f->peer.may_go_on = true;
        streamed_run(&f->x, r, &f->peer);
        assert_whole(r, 200, 0);
        assert_non_null(strstr(f->peer.request, "\r\nTransfer-Encoding: chunked\r\n"));
}

static void serve_echo(struct peer *p, int fd, unsigned connection)
{
        static char bytes[3000];
        ssize_t n;
        (void)connection;
        (void)peer_read_head(p, fd);
        (void)peer_say(p, fd, "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n");
        while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0 && peer_send(p, fd, bytes, (size_t)n))
                ;
}

// The answer begins, and goes on, while the request does; both sides pause now and then.
static void passes_both_ways_at_once(void **state)
{
        struct fixture *f = *state;
        struct streamed *r =
            streamed_new(f, (struct streamed){.takes = ALL, .takes_at_once = 20000, .length = 3000000});
        struct http_request request = {.method = "POST"};
        peer_start(&f->peer, serve_echo);
        assert_true(streamed_start(&f->x, r, &f->peer, &request));
        while (r->ends == 0) {
                (void)uv_run(&f->x.loop, UV_RUN_ONCE);
                if (r->offers == r->pulled && r->offers < r->length && r->body_n + 200000 > r->pulled) {
                        r->offers += r->length / 20;
                        streamed_resume(r);
                }
        }
        assert_whole(r, 200, 3000000);
        assert_false(r->is_wrong);
        assert_true(r->refusals > 10 && r->waits > 10);
}

// --- connections ---

// Answers the first request of the first connection, and reads the second one, but closes it without an answer.
static void serve_and_close(struct peer *p, int fd, unsigned connection)
{
        if (connection > 0) {
                serve_upload(p, fd, connection);
                return;
        }
        (void)peer_read_head(p, fd);
        (void)peer_say(p, fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        (void)peer_read_head(p, fd);
        (void)peer_read_body(p, fd, p->body_n, false);
}

// To libcurl that is an idle connection which the upstream has closed just when the next request went out.
static void sends_the_body_again_on_another_connection(void **state)
{
        struct fixture *f = *state;
        for (unsigned has_no_rewind = 0; has_no_rewind < 2; has_no_rewind++) {
                struct streamed *first = streamed_new(f, (struct streamed){.takes = ALL});
                struct streamed *r = streamed_new(
                    f, (struct streamed){
                           .takes = ALL, .length = 300000, .offers = 300000, .has_no_rewind = has_no_rewind > 0});
                peer_start(&f->peer, serve_and_close);
                f->peer.body_n = 300000;
                f->peer.may_go_on = true;
                streamed_run(&f->x, first, &f->peer);
                assert_whole(first, 200, 0);
                streamed_run(&f->x, r, &f->peer);
                if (has_no_rewind) {
                        assert_ended(r, ERROR_TRANSIENT, "the connection was closed before the answer was whole");
                        assert_int_equal(r->rewinds, 0);
                        return;
                }
                assert_whole(r, 200, 0);
                assert_int_equal(r->rewinds, 1);
                assert_int_equal(f->peer.received, 300000);
                assert_int_equal(f->peer.connections, 2);
                streamer_close(&f->x); // else the peer waits for the next request
                peer_stop(&f->peer);
                streamer_open(&f->x, 0);
        }
}

enum { AT_ONCE = 6 };

static void *serve_one(void *arg)
{
        int fd = (int)(intptr_t)arg;
        struct peer p = {.fd = -1};
        while (peer_read_head(&p, fd) && peer_say(&p, fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
                ;
        (void)close(fd);
        return NULL;
}

// All requests of a round are under way before the first one is answered.
static void serve_at_once(struct peer *p, int fd, unsigned connection)
{
        static int fds[AT_ONCE];
        (void)p;
        fds[connection % AT_ONCE] = dup(fd);
        for (unsigned i = 0; connection % AT_ONCE == AT_ONCE - 1 && i < AT_ONCE; i++) {
                pthread_t thread;
                if (pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)fds[i]) != 0)
                        abort();
                (void)pthread_detach(thread);
        }
}

static unsigned connections_of_two_rounds(unsigned idle_max)
{
        struct streamer x;
        struct peer *p = calloc(1, sizeof(*p));
        assert_non_null(p);
        streamer_open(&x, idle_max);
        peer_start(p, serve_at_once);
        for (unsigned round = 0; round < 2; round++) {
                static struct streamed r[AT_ONCE]; // outlives a test that fails
                memset(r, 0, sizeof(r));
                for (size_t i = 0; i < AT_ONCE; i++) {
                        struct http_request request = {.total_timeout_ms = 10000};
                        assert_true(streamed_start(&x, &r[i], p, &request));
                }
                streamer_run(&x);
                for (size_t i = 0; i < AT_ONCE; i++)
                        assert_true(r[i].ends == 1);
        }
        unsigned connections = p->connections;
        streamer_close(&x);
        peer_stop(p);
        free(p);
        return connections;
}

static void keeps_as_many_idle_connections_as_it_may(void **state)
{
        (void)state;
        assert_int_equal(connections_of_two_rounds(0), AT_ONCE); // the default is more than these
        assert_int_equal(connections_of_two_rounds(AT_ONCE), AT_ONCE);
}

// --- what cannot start ---

static void refuses_fields_that_it_makes_itself(void **state)
{
        static const struct http_field fields[] = {{SLICE_INIT("Content-Length"), SLICE_INIT("1")},
                                                   {SLICE_INIT("transfer-encoding"), SLICE_INIT("chunked")}};
        struct fixture *f = *state;
        peer_start(&f->peer, serve_interim);
        for (size_t i = 0; i < LENGTH(fields); i++) {
                struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL});
                struct http_request request = {.fields = &fields[i], .fields_count = 1};
                assert_false(streamed_start(&f->x, r, &f->peer, &request));
                assert_int_equal(r->error.kind, ERROR_CONFIG);
                assert_non_null(strstr(r->error.message, "header number 1"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(hands_out_the_head_and_then_the_pieces),
            TEST(skips_interim_heads),
            TEST(hands_out_trailers),
            TEST(stops_reading_while_the_consumer_is_full),
            TEST(loses_nothing_at_any_pause),
            TEST(stops_pulling_while_the_upstream_does_not_read),
            TEST(waits_for_the_source),
            TEST(sends_an_empty_body_of_unknown_length),
            TEST(passes_both_ways_at_once),
            TEST(sends_the_body_again_on_another_connection),
            cmocka_unit_test(keeps_as_many_idle_connections_as_it_may),
            TEST(refuses_fields_that_it_makes_itself),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
