// SPDX-License-Identifier: Apache-2.0
// How streams end: broken upstreams, early answers, cancelling and closing at every stage. Each ends exactly once.
#include "sidecar/io/http_stream.h"

#include "tests/unit/io/streaming.h"

enum { ALL = 1 << 30, LONG = 1000000 };

// --- broken upstreams ---

struct breakage {
        const char *says; // then the connection is closed
        bool resets;
        enum error_kind kind;
        const char *text;
        size_t body_n; // that was handed out before
};

#define CLOSED "the connection was closed before the answer was whole"

static const struct breakage BREAKAGES[] = {
    {"", false, ERROR_TRANSIENT, CLOSED, 0},
    {"", true, ERROR_TRANSIENT, CLOSED, 0},
    {"HTTP/1.1 200 OK\r\nContent-Le", false, ERROR_TRANSIENT, CLOSED, 0},
    {"HTTP/1.1 103 Early\r\n\r\n", false, ERROR_TRANSIENT, CLOSED, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", false, ERROR_TRANSIENT, CLOSED, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false, ERROR_TRANSIENT, CLOSED, 4},
    {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true, ERROR_TRANSIENT, CLOSED, 4},
    {"HTTP/1.1 200 OK\r\n\r\nhalf", true, ERROR_TRANSIENT, CLOSED, 4}, // of no known length, but reset
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", false, ERROR_TRANSIENT, CLOSED, 4},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf", false, ERROR_TRANSIENT, CLOSED, 4},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nX: 1\r\n", false, ERROR_TRANSIENT, CLOSED,
     4},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n", false, ERROR_TRANSIENT, CLOSED, 4},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalfMORE\r\n", false, ERROR_TRANSIENT, CLOSED, 4},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nbytes", false, ERROR_PROTOCOL, "not HTTP/1.1", 0},
    {"hello\r\n\r\n", false, ERROR_PROTOCOL, "not HTTP/1.1", 0},
};

static const struct breakage *breakage;

static void serve_broken(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        (void)peer_read_head(p, fd);
        (void)peer_say(p, fd, breakage->says);
        if (breakage->resets) {
                peer_wait_for(&p->may_go_on); // else what was sent may be lost with the reset
                peer_reset(fd);
        } else {
                (void)shutdown(fd, SHUT_WR);
                peer_wait_for_end(fd);
        }
}

static void never_takes_a_part_for_the_whole(void **state)
{
        struct fixture *f = *state;
        peer_start(&f->peer, serve_broken);
        for (size_t i = 0; i < LENGTH(BREAKAGES); i++) {
                for (size_t pauses = 0; pauses < 2; pauses++) {
                        struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL, .takes_at_once = pauses});
                        struct http_request request = {.total_timeout_ms = 60000};
                        breakage = &BREAKAGES[i];
                        f->peer.may_go_on = false;
                        assert_true(streamed_start(&f->x, r, &f->peer, &request));
                        while (r->ends == 0) {
                                f->peer.may_go_on = r->body_n == breakage->body_n;
                                (void)uv_run(&f->x.loop, r->body_n == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
                        }
                        assert_ended(r, breakage->kind, breakage->text);
                        assert_int_equal(r->body_n, breakage->body_n);
                        assert_int_equal(r->heads, breakage->body_n > 0 || i == 4);
                }
        }
}

static void serve_until_closed(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        (void)peer_read_head(p, fd);
        (void)peer_say(p, fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        (void)peer_send_pattern(p, fd, LONG);
}

// Without a length the end of the connection is the end of the answer, and a pause loses nothing of it.
static void ends_with_the_connection(void **state)
{
        struct fixture *f = *state;
        peer_start(&f->peer, serve_until_closed);
        for (size_t pauses = 0; pauses < 2; pauses++) {
                struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL, .takes_at_once = pauses * 30000});
                streamed_run(&f->x, r, &f->peer);
                assert_whole(r, 200, LONG);
                assert_false(r->is_wrong);
        }
}

// The head and the whole body come at once, and the connection is closed while the consumer is full.
static void serve_and_leave(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        (void)peer_read_head(p, fd);
        (void)peer_say(p, fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
}

static void pauses_from_the_head_on(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = 0});
        struct http_request request = {.total_timeout_ms = 60000};
        peer_start(&f->peer, serve_and_leave);
        assert_true(streamed_start(&f->x, r, &f->peer, &request));
        while (r->refusals == 0)
                (void)uv_run(&f->x.loop, UV_RUN_ONCE);
        for (unsigned i = 0; i < 50; i++) {
                (void)uv_run(&f->x.loop, UV_RUN_NOWAIT);
                (void)usleep(1000);
        }
        assert_int_equal(r->ends, 0);
        assert_int_equal(r->refusals, 1);
        r->takes = ALL;
        streamed_resume(r);
        streamer_run(&f->x);
        assert_whole(r, 200, 5);
        assert_string_equal(r->text, "hello");
}

// --- early answers ---

static void serve_early(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        (void)peer_read_head(p, fd);
        (void)peer_say(p, fd, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig");
        peer_wait_for_end(fd);
}

// While the request's body waits for more of it, or goes on and on.
static void ends_with_an_answer_that_is_early(void **state)
{
        static const size_t offers[] = {0, 1000, LONG};
        struct fixture *f = *state;
        peer_start(&f->peer, serve_early);
        for (size_t i = 0; i < LENGTH(offers); i++) {
                for (unsigned chunked = 0; chunked < 2; chunked++) {
                        struct streamed *r = streamed_new(
                            f, (struct streamed){
                                   .takes = ALL, .length = LONG, .offers = offers[i], .is_chunked = chunked > 0});
                        streamed_run(&f->x, r, &f->peer);
                        assert_whole(r, 413, 3);
                }
        }
}

static void serve_nothing(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        (void)peer_read_head(p, fd);
        peer_wait_for_end(fd);
        p->may_go_on = true;
}

static void fails_when_the_source_is_too_short(void **state)
{
        struct fixture *f = *state;
        struct streamed *r =
            streamed_new(f, (struct streamed){.takes = ALL, .length = 1000, .offers = 999, .ends_early = true});
        peer_start(&f->peer, serve_nothing);
        streamed_run(&f->x, r, &f->peer);
        assert_ended(r, ERROR_INTERNAL, "its body ended before its length");
        peer_wait_for(&f->peer.may_go_on); // the upstream sees the connection end
}

// --- cancelling and closing ---

static void serve_both_ways(struct peer *p, int fd, unsigned connection)
{
        if (connection % 2 == 0)
                (void)peer_read_head(p, fd);
        (void)peer_say(p, fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        (void)peer_send_pattern(p, fd, LONG);
        peer_wait_for_end(fd);
        p->may_go_on = true;
}

static void start_upload(struct fixture *f, struct streamed *r)
{
        struct http_request request = {.total_timeout_ms = 60000};
        r->length = LONG;
        r->offers = LONG / 2;
        r->takes = ALL;
        assert_true(streamed_start(&f->x, r, &f->peer, &request));
}

static void cancels_from_within_any_event(void **state)
{
        static const enum stage stages[] = {STAGE_HEAD, STAGE_BODY, STAGE_PULL};
        struct fixture *f = *state;
        peer_start(&f->peer, serve_both_ways);
        for (size_t i = 0; i < LENGTH(stages); i++) {
                struct streamed *r = streamed_new(f, (struct streamed){.cancels_at = stages[i]});
                f->peer.may_go_on = false;
                start_upload(f, r);
                r->error.kind = ERROR_NONE;
                streamer_run(&f->x);
                assert_ended(r, ERROR_CANCELLED, "cancelled");
                peer_wait_for(&f->peer.may_go_on); // the upstream sees the connection end
        }
}

static void cancels_while_it_is_full(void **state)
{
        struct fixture *f = *state;
        peer_start(&f->peer, serve_both_ways);
        for (unsigned resumes = 0; resumes < 2; resumes++) {
                struct streamed *r = streamed_new(f, (struct streamed){.takes = 0});
                start_upload(f, r);
                r->takes = 20000;
                while (r->refusals == 0 || r->waits == 0)
                        (void)uv_run(&f->x.loop, UV_RUN_ONCE);
                if (resumes)
                        streamed_resume(r);
                streamed_cancel(r);
                streamed_cancel(r);
                streamed_resume(r);
                r->error.kind = ERROR_CANCELLED; // no event but the end may follow
                streamer_run(&f->x);
                assert_ended(r, ERROR_CANCELLED, "cancelled");
        }
}

static void cancels_before_anything_has_happened(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL});
        peer_start(&f->peer, serve_both_ways);
        start_upload(f, r);
        streamed_cancel(r);
        r->error.kind = ERROR_CANCELLED;
        assert_int_equal(r->ends, 0);
        streamer_run(&f->x);
        assert_ended(r, ERROR_CANCELLED, "cancelled");
        assert_int_equal(r->pulls, 0);
}

static void cancelling_at_the_end_is_too_late(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL, .cancels_at = STAGE_END});
        peer_start(&f->peer, serve_until_closed);
        streamed_run(&f->x, r, &f->peer);
        assert_whole(r, 200, LONG);
}

// libcurl forbids to remove a transfer from within a callback of another one.
static void cancels_another_stream_from_within_any_event(void **state)
{
        static const enum stage stages[] = {STAGE_HEAD, STAGE_BODY, STAGE_PULL, STAGE_END};
        struct fixture *f = *state;
        peer_start(&f->peer, serve_broken);
        breakage = &BREAKAGES[8];
        for (size_t i = 0; i < LENGTH(stages); i++) {
                struct streamed *other = streamed_new(f, (struct streamed){.streamer = NULL});
                struct streamed *r = streamed_new(f, (struct streamed){.cancels_at = stages[i], .cancels = other});
                start_upload(f, r); // served before the other one
                start_upload(f, other);
                streamer_run(&f->x);
                assert_ended(r, ERROR_TRANSIENT, CLOSED);
                assert_ended(other, ERROR_CANCELLED, "cancelled");
                assert_int_equal(other->heads, 0);
        }
}

static void closes_from_within_any_event(void **state)
{
        static const enum stage stages[] = {STAGE_HEAD, STAGE_BODY, STAGE_PULL, STAGE_END};
        struct fixture *f = *state;
        peer_start(&f->peer, serve_broken);
        breakage = &BREAKAGES[8];
        for (size_t i = 0; i < LENGTH(stages); i++) {
                struct streamed *r = streamed_new(f, (struct streamed){.closes_at = stages[i]});
                struct streamed *late = streamed_new(f, (struct streamed){.takes = ALL});
                struct http_request request = {.method = "GET"};
                start_upload(f, r);
                while (r->ends == 0)
                        (void)uv_run(&f->x.loop, UV_RUN_ONCE);
                if (stages[i] == STAGE_END)
                        assert_ended(r, ERROR_TRANSIENT, CLOSED);
                else
                        assert_ended(r, ERROR_CANCELLED, "cancelled");
                if (!f->x.is_closed) {
                        assert_false(streamed_start(&f->x, late, &f->peer, &request));
                        assert_int_equal(late->error.kind, ERROR_CANCELLED);
                }
                streamer_run(&f->x);
                assert_true(f->x.is_closed);
                assert_int_equal(uv_loop_close(&f->x.loop), 0);
                streamer_open(&f->x, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(never_takes_a_part_for_the_whole),
            TEST(ends_with_the_connection),
            TEST(pauses_from_the_head_on),
            TEST(ends_with_an_answer_that_is_early),
            TEST(fails_when_the_source_is_too_short),
            TEST(cancels_from_within_any_event),
            TEST(cancels_while_it_is_full),
            TEST(cancels_before_anything_has_happened),
            TEST(cancelling_at_the_end_is_too_late),
            TEST(cancels_another_stream_from_within_any_event),
            TEST(closes_from_within_any_event),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
