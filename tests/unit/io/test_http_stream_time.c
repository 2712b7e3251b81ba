// SPDX-License-Identifier: Apache-2.0
// Deadlines of streams. Each limit that a test is about is short; all others are long enough never to matter.
#include "sidecar/io/http_stream.h"

#include "tests/unit/io/streaming.h"

enum { ALL = 1 << 30, LONG_MS = 60000, SHORT_MS = 60, LARGE = 64 * 1024 * 1024 };

static void serve_nothing(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        (void)peer_read_head(p, fd);
        peer_wait_for(&p->may_go_on);
}

static void serve_head_only(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        (void)peer_read_head(p, fd);
        (void)peer_say(p, fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        peer_wait_for(&p->may_go_on);
}

struct limits {
        int64_t first_byte_ms, idle_ms, total_ms;
};

static void run_with(struct fixture *f, struct streamed *r, struct limits limits)
{
        struct http_request request = {.first_byte_timeout_ms = limits.first_byte_ms,
                                       .idle_timeout_ms = limits.idle_ms,
                                       .total_timeout_ms = limits.total_ms};
        assert_true(streamed_start(&f->x, r, &f->peer, &request));
        while (r->ends == 0)
                (void)uv_run(&f->x.loop, UV_RUN_ONCE);
}

static void limits_the_time_to_the_first_byte(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL});
        peer_start(&f->peer, serve_nothing);
        run_with(f, r, (struct limits){SHORT_MS, LONG_MS, LONG_MS});
        assert_ended(r, ERROR_TRANSIENT, "sent, but no answer within 60 ms");
        assert_true(r->error.timed_out);
}

static void limits_the_silence_within_an_answer(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL});
        peer_start(&f->peer, serve_head_only);
        run_with(f, r, (struct limits){LONG_MS, SHORT_MS, LONG_MS});
        assert_ended(r, ERROR_TRANSIENT, "no more of the answer came within 60 ms");
        assert_int_equal(r->body_n, 4);
}

static void limits_the_whole(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL});
        peer_start(&f->peer, serve_head_only);
        run_with(f, r, (struct limits){LONG_MS, LONG_MS, 200});
        assert_ended(r, ERROR_TRANSIENT, "the answer was not whole within 200 ms");
        assert_int_equal(r->body_n, 4);
}

// The upstream takes no more of the request.
static void limits_the_silence_within_a_request(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL, .length = LARGE, .offers = LARGE});
        peer_start(&f->peer, serve_nothing);
        run_with(f, r, (struct limits){150, LONG_MS, LONG_MS});
        assert_ended(r, ERROR_TRANSIENT, "the body was not sent within 150 ms");
}

static void serve_drips(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        (void)peer_read_head(p, fd);
        (void)peer_say(p, fd, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n");
        for (unsigned i = 0; i < 40; i++) {
                const char byte = (char)pattern_at(i);
                (void)usleep(20000);
                (void)peer_send(p, fd, &byte, 1);
        }
}

// 40 bytes in 0.8 s, of which none is late by itself.
static void counts_every_byte_as_progress(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = ALL});
        peer_start(&f->peer, serve_drips);
        run_with(f, r, (struct limits){LONG_MS, 500, LONG_MS});
        assert_whole(r, 200, 40);
}

static void serve_slow_reads(struct peer *p, int fd, unsigned connection)
{
        static char bytes[256 * 1024];
        (void)connection;
        (void)peer_read_head(p, fd);
        for (unsigned i = 0; i < 40; i++) {
                ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
                p->received += got > 0 ? (size_t)got : 0;
                (void)usleep(20000);
        }
        while (p->received < p->body_n) {
                ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
                if (got <= 0)
                        return;
                p->received += (size_t)got;
        }
        (void)peer_say(p, fd, "HTTP/1.1 204 No\r\n\r\n");
}

// A body that is sent from memory and one that is pulled.
static void counts_what_is_sent_as_progress(void **state)
{
        struct fixture *f = *state;
        size_t n = 24 * 1024 * 1024;
        uint8_t *body = malloc(n);
        assert_non_null(body);
        pattern_fill(body, 0, n);
        peer_start(&f->peer, serve_slow_reads);
        f->peer.body_n = n;
        for (unsigned pulled = 0; pulled < 2; pulled++) {
                struct streamed *r =
                    streamed_new(f, (struct streamed){.takes = ALL, .length = pulled ? n : 0, .offers = n});
                struct http_request request = {.method = "POST", .first_byte_timeout_ms = 600};
                if (!pulled)
                        request.body = slice_of(body, n);
                f->peer.received = 0;
                assert_true(streamed_start(&f->x, r, &f->peer, &request));
                while (r->ends == 0)
                        (void)uv_run(&f->x.loop, UV_RUN_ONCE);
                assert_whole(r, 204, 0);
        }
        free(body);
}

static void run_for(struct streamer *x, unsigned ms)
{
        uint64_t end = uv_hrtime() + ms * 1000000ULL;
        while (uv_hrtime() < end) {
                (void)uv_run(&x->loop, UV_RUN_NOWAIT);
                (void)usleep(1000);
        }
}

static void serve_rest_when_told(struct peer *p, int fd, unsigned connection)
{
        (void)connection;
        (void)peer_read_head(p, fd);
        (void)peer_say(p, fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        peer_wait_for(&p->may_go_on);
}

// A slow consumer, or a slow source, is not the upstream's fault; when it goes on, the time begins anew.
static void stands_still_while_it_is_paused(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = 0});
        struct http_request request = {.idle_timeout_ms = SHORT_MS};
        peer_start(&f->peer, serve_rest_when_told);
        assert_true(streamed_start(&f->x, r, &f->peer, &request));
        while (r->refusals == 0)
                (void)uv_run(&f->x.loop, UV_RUN_ONCE);
        run_for(&f->x, 4 * SHORT_MS);
        assert_int_equal(r->ends, 0);
        r->takes = ALL;
        streamed_resume(r);
        streamer_run(&f->x);
        assert_whole(r, 200, 5);

        struct streamed *waits = streamed_new(f, (struct streamed){.takes = ALL, .length = 10});
        f->peer.may_go_on = true;
        peer_stop(&f->peer);
        peer_start(&f->peer, serve_nothing);
        request = (struct http_request){.first_byte_timeout_ms = SHORT_MS};
        assert_true(streamed_start(&f->x, waits, &f->peer, &request));
        while (waits->waits == 0)
                (void)uv_run(&f->x.loop, UV_RUN_ONCE);
        run_for(&f->x, 4 * SHORT_MS);
        assert_int_equal(waits->ends, 0);
        waits->offers = 10;
        streamed_resume(waits);
        streamer_run(&f->x);
        assert_ended(waits, ERROR_TRANSIENT, "sent, but no answer within 60 ms");
}

// The whole is limited all the same.
static void limits_the_whole_while_it_is_paused(void **state)
{
        struct fixture *f = *state;
        struct streamed *r = streamed_new(f, (struct streamed){.takes = 0});
        peer_start(&f->peer, serve_rest_when_told);
        run_with(f, r, (struct limits){0, 0, 100});
        assert_ended(r, ERROR_TRANSIENT, "the answer was not whole within 100 ms");
        assert_int_equal(r->refusals, 1);
}

// Of many, each has its own time.
static void ends_each_of_many_in_its_own_time(void **state)
{
        enum { MANY = 300 };
        struct fixture *f = *state;
        struct streamed *r = calloc(MANY, sizeof(*r));
        assert_non_null(r);
        peer_start(&f->peer, serve_nothing);
        for (size_t i = 0; i < MANY; i++) {
                struct http_request request = {.connect_timeout_ms = LONG_MS,
                                               .total_timeout_ms = 50 + (int64_t)(i * 7) % 100};
                r[i].takes = ALL;
                assert_true(streamed_start(&f->x, &r[i], &f->peer, &request));
        }
        streamer_run(&f->x);
        for (size_t i = 0; i < MANY; i++) {
                char text[32];
                (void)snprintf(text, sizeof(text), "within %d ms", 50 + (int)(i * 7) % 100);
                assert_ended(&r[i], ERROR_TRANSIENT, text);
        }
        free(r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(limits_the_time_to_the_first_byte),
            TEST(limits_the_silence_within_an_answer),
            TEST(limits_the_whole),
            TEST(limits_the_silence_within_a_request),
            TEST(counts_every_byte_as_progress),
            TEST(counts_what_is_sent_as_progress),
            TEST(stands_still_while_it_is_paused),
            TEST(limits_the_whole_while_it_is_paused),
            TEST(ends_each_of_many_in_its_own_time),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
