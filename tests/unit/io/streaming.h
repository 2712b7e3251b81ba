// SPDX-License-Identifier: Apache-2.0
// A loop with streams on it, what became of each, and a server that does what a test's own function does.
#ifndef TESTS_UNIT_IO_STREAMING_H
#define TESTS_UNIT_IO_STREAMING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "sidecar/io/http_stream.h"
#include "tests/unit/io/server.h"
#include "tests/unit/unit.h"

// --- the other side ---

struct peer;
typedef void peer_fn(struct peer *peer, int fd, unsigned connection);

// Takes one connection after the other, in a thread of its own.
struct peer {
        int fd;
        uint16_t port;
        pthread_t thread;
        peer_fn *serve;
        char request[64 * 1024]; // of the last peer_read_head()
        size_t body_n;           // that it sends, or expects
        atomic_size_t sent, received;
        atomic_uint connections;
        atomic_bool may_go_on, is_stopping;
};

static inline void *peer_main(void *arg)
{
        struct peer *p = arg;
        for (;;) {
                int fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);
                if (fd < 0 || p->is_stopping) {
                        if (fd >= 0)
                                (void)close(fd);
                        return NULL;
                }
                p->serve(p, fd, p->connections++);
                (void)close(fd);
        }
}

static inline void peer_start(struct peer *p, peer_fn *serve)
{
        memset(p, 0, sizeof(*p));
        p->serve = serve;
        p->fd = server_bind(&p->port);
        // Of accepted connections, too. Else the kernel lets buffers grow to tens of megabytes.
        const int buffers = 256 * 1024;
        assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &buffers, sizeof(buffers)), 0);
        assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_SNDBUF, &buffers, sizeof(buffers)), 0);
        assert_int_equal(listen(p->fd, 64), 0);
        assert_int_equal(pthread_create(&p->thread, NULL, peer_main, p), 0);
}

static inline void peer_stop(struct peer *p)
{
        p->is_stopping = p->may_go_on = true;
        (void)shutdown(p->fd, SHUT_RDWR);
        (void)pthread_join(p->thread, NULL);
        (void)close(p->fd);
}

static inline void peer_wait_for(const atomic_bool *what)
{
        while (!*what)
                (void)usleep(500);
}

// Until the client closes the connection.
static inline void peer_wait_for_end(int fd)
{
        char rest[4096];
        while (recv(fd, rest, sizeof(rest), 0) > 0)
                ;
}

// Up to the empty line; what comes after it is not read. False: the connection has ended.
static inline bool peer_read_head(struct peer *p, int fd)
{
        size_t n = 0;
        while (n < 4 || memcmp(p->request + n - 4, "\r\n\r\n", 4) != 0)
                if (n == sizeof(p->request) - 1 || recv(fd, p->request + n++, 1, 0) <= 0)
                        return false;
        p->request[n] = '\0';
        return true;
}

static inline bool peer_send(struct peer *p, int fd, const void *bytes, size_t n)
{
        const char *from = bytes;
        while (n > 0) {
                ssize_t put = send(fd, from, n, MSG_NOSIGNAL);
                if (put <= 0)
                        return false;
                from += put;
                n -= (size_t)put;
                p->sent += (size_t)put;
        }
        return true;
}

static inline bool peer_say(struct peer *p, int fd, const char *text)
{
        return peer_send(p, fd, text, strlen(text));
}

// Ends the connection with a reset.
static inline void peer_reset(int fd)
{
        const struct linger at_once = {1, 0};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

// The byte at an offset of every long body here.
static inline uint8_t pattern_at(size_t i)
{
        return (uint8_t)(i ^ (i >> 8) ^ (i >> 16));
}

static inline void pattern_fill(uint8_t *to, size_t from, size_t n)
{
        for (size_t i = 0; i < n; i++)
                to[i] = pattern_at(from + i);
}

static inline bool pattern_is(const uint8_t *p, size_t from, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i] != pattern_at(from + i))
                        return false;
        return true;
}

static inline bool peer_send_pattern(struct peer *p, int fd, size_t n)
{
        uint8_t bytes[8192];
        for (size_t from = 0; from < n; from += sizeof(bytes)) {
                pattern_fill(bytes, from, sizeof(bytes));
                if (!peer_send(p, fd, bytes, n - from < sizeof(bytes) ? n - from : sizeof(bytes)))
                        return false;
        }
        return true;
}

// --- this side ---

enum stage { STAGE_NEVER, STAGE_HEAD, STAGE_BODY, STAGE_PULL, STAGE_REWIND, STAGE_END };

struct streamer {
        uv_loop_t loop;
        struct http_streams *streams;
        bool is_calling; // into the streams: an event now would be too early
        bool is_closed;
};

// One stream. Zeroed, then set as the test wants it.
struct streamed {
        struct streamed *next;
        struct streamer *streamer;
        struct http_stream *stream;
        // what it does
        enum stage cancels_at, closes_at;
        struct streamed *cancels; // in place of itself
        size_t takes;             // bytes of the body in all, then it is full
        size_t takes_at_once;     // bytes between two resumptions; 0: all
        // the request's body
        size_t offers; // bytes that are there, of `length`
        size_t length;
        bool is_chunked, has_no_rewind, ends_early;
        // what came
        unsigned heads, pieces, refusals, pulls, waits, rewinds, ends;
        int status;
        char fields[1024], trailers[1024]; // "name=value;…"
        size_t body_n, since_resumed, pulled;
        bool is_wrong; // the body is not the pattern, where it is longer than `text`
        char text[256];
        struct error error;
};

static inline void streamer_open(struct streamer *x, unsigned idle_max)
{
        *x = (struct streamer){.is_closed = false};
        assert_int_equal(uv_loop_init(&x->loop), 0);
        const struct http_streams_deps deps = {.loop = &x->loop, .user_agent = "keyfob/test", .idle_max = idle_max};
        x->streams = http_streams_new(&deps);
        assert_non_null(x->streams);
}

static inline void streamer_closed(void *arg)
{
        ((struct streamer *)arg)->is_closed = true;
}

static inline void streamer_run(struct streamer *x)
{
        assert_int_equal(uv_run(&x->loop, UV_RUN_DEFAULT), 0);
}

static inline void streamer_shut(struct streamer *x)
{
        x->is_calling = true;
        http_streams_close(x->streams, streamer_closed, x);
        x->is_calling = false;
}

static inline void streamer_close(struct streamer *x)
{
        streamer_shut(x);
        streamer_run(x);
        assert_true(x->is_closed);
        assert_int_equal(uv_loop_close(&x->loop), 0);
}

static inline void streamed_resume(struct streamed *r)
{
        r->since_resumed = 0;
        r->streamer->is_calling = true;
        http_stream_resume(r->stream);
        r->streamer->is_calling = false;
}

static inline void streamed_cancel(struct streamed *r)
{
        r->streamer->is_calling = true;
        http_stream_cancel(r->stream);
        r->streamer->is_calling = false;
}

// What every event begins with.
static inline void streamed_at(struct streamed *r, enum stage stage)
{
        assert_false(r->streamer->is_calling);
        assert_int_equal(r->ends, 0);
        assert_true(r->error.kind == ERROR_NONE);
        struct streamed *victim = r->cancels ? r->cancels : r;
        if (r->cancels_at == stage) {
                r->cancels_at = STAGE_NEVER;
                streamed_cancel(victim);
                victim->error.kind = ERROR_CANCELLED; // no event but the end may follow
        }
        if (r->closes_at == stage)
                streamer_shut(r->streamer);
}

static inline void streamed_list(const struct http_stream_head *head, char *to, size_t size)
{
        to[0] = '\0';
        for (size_t i = 0; i < head->fields_count; i++) {
                size_t n = strlen(to);
                (void)snprintf(to + n, size - n, "%.*s=%.*s;", (int)head->fields[i].name.n,
                               (const char *)head->fields[i].name.p, (int)head->fields[i].value.n,
                               (const char *)head->fields[i].value.p);
        }
}

static inline void streamed_head(void *arg, const struct http_stream_head *head)
{
        struct streamed *r = arg;
        assert_int_equal(r->heads + r->pieces + r->refusals, 0);
        r->heads++;
        r->status = head->status;
        streamed_list(head, r->fields, sizeof(r->fields));
        streamed_at(r, STAGE_HEAD);
}

static inline enum http_stream_take streamed_body(void *arg, struct slice piece)
{
        struct streamed *r = arg;
        assert_int_equal(r->heads, 1);
        assert_true(piece.n > 0 && piece.n <= 16384);
        bool is_full = r->body_n + piece.n > r->takes || (r->takes_at_once > 0 && r->since_resumed >= r->takes_at_once);
        r->refusals += is_full;
        if (!is_full) {
                r->is_wrong = r->is_wrong || !pattern_is(piece.p, r->body_n, piece.n);
                for (size_t i = 0; i < piece.n && r->body_n + i < sizeof(r->text) - 1; i++)
                        r->text[r->body_n + i] = (char)piece.p[i];
                r->body_n += piece.n;
                r->since_resumed += piece.n;
                r->pieces++;
        }
        streamed_at(r, STAGE_BODY);
        if (is_full && r->takes_at_once > 0 && r->error.kind == ERROR_NONE)
                streamed_resume(r);
        return is_full ? HTTP_STREAM_FULL : HTTP_STREAM_TAKEN;
}

static inline void streamed_end(void *arg, const struct http_stream_head *trailers, const struct error *error)
{
        struct streamed *r = arg;
        struct http_field fields[HTTP_FIELDS_MAX];
        struct http_stream_head head;
        assert_false(r->streamer->is_calling);
        assert_int_equal(r->ends++, 0);
        assert_true((trailers == NULL) != (error == NULL));
        if (error)
                r->error = *error;
        else
                streamed_list(trailers, r->trailers, sizeof(r->trailers));
        if (r->heads > 0) {
                char again[sizeof(r->fields)];
                http_stream_get_head(r->stream, fields, &head);
                streamed_list(&head, again, sizeof(again));
                assert_string_equal(again, r->fields);
                assert_int_equal(head.status, r->status);
        }
        if (r->cancels_at == STAGE_END)
                streamed_cancel(r->cancels ? r->cancels : r);
        if (r->closes_at == STAGE_END)
                streamer_shut(r->streamer);
}

static inline ssize_t streamed_pull(void *arg, uint8_t *to, size_t n)
{
        struct streamed *r = arg;
        assert_true(n > 0);
        r->pulls++;
        streamed_at(r, STAGE_PULL);
        if (r->pulled == r->length || (r->ends_early && r->pulled == r->offers))
                return 0;
        if (r->pulled == r->offers) {
                r->waits++;
                return HTTP_STREAM_WAIT;
        }
        size_t got = r->offers - r->pulled < n ? r->offers - r->pulled : n;
        pattern_fill(to, r->pulled, got);
        r->pulled += got;
        return (ssize_t)got;
}

static inline int streamed_rewind(void *arg)
{
        struct streamed *r = arg;
        r->rewinds++;
        streamed_at(r, STAGE_REWIND);
        r->pulled = 0;
        return 0;
}

// A GET, or a POST with a body of r->length bytes.
static inline bool streamed_start(struct streamer *x, struct streamed *r, const struct peer *p,
                                  struct http_request *request)
{
        char url[64];
        const struct http_stream_source source = {.length = r->is_chunked ? -1 : (int64_t)r->length,
                                                  .pull = streamed_pull,
                                                  .rewind = r->has_no_rewind ? NULL : streamed_rewind,
                                                  .arg = r};
        const struct http_stream_events events = {streamed_head, streamed_body, streamed_end, r};
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/a", p->port);
        r->streamer = x;
        if (!request->url)
                request->url = url;
        if (!request->method)
                request->method = r->length > 0 || r->is_chunked ? "POST" : "GET";
        if (r->length > 0 || r->is_chunked)
                request->source = &source;
        x->is_calling = true;
        r->stream = http_stream_start(x->streams, request, &events, &r->error);
        x->is_calling = false;
        request->url = NULL;
        return r->stream != NULL;
}

// Until it is over, and nothing is left on the loop: a second end would come to light.
static inline void streamed_run(struct streamer *x, struct streamed *r, const struct peer *p)
{
        struct http_request request = {.total_timeout_ms = 60000};
        if (!streamed_start(x, r, p, &request))
                fail_msg("not started: %s", r->error.message);
        streamer_run(x);
        assert_int_equal(r->ends, 1);
}

static inline void assert_whole(const struct streamed *r, int status, size_t body_n)
{
        if (r->ends != 1 || r->error.kind != ERROR_NONE || r->status != status || r->body_n != body_n)
                fail_msg("%u ends, status %d, %zu bytes: %s", r->ends, r->status, r->body_n, r->error.message);
}

static inline void assert_ended(const struct streamed *r, enum error_kind kind, const char *text)
{
        if (r->ends != 1 || r->error.kind != kind || !strstr(r->error.message, text))
                fail_msg("%u ends, status %d, %s: %s, not %s: …%s…", r->ends, r->status, error_kind_name(r->error.kind),
                         r->error.message, error_kind_name(kind), text);
}

struct fixture {
        struct streamer x;
        struct peer peer;
        struct streamed *all; // they outlive a test that fails
};

static inline struct streamed *streamed_new(struct fixture *f, struct streamed settings)
{
        struct streamed *r = malloc(sizeof(*r));
        assert_non_null(r);
        *r = settings;
        r->next = f->all;
        f->all = r;
        return r;
}

static inline int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        streamer_open(&f->x, 0);
        *state = f;
        return 0;
}

static inline int tear_down(void **state)
{
        struct fixture *f = *state;
        streamer_close(&f->x);
        peer_stop(&f->peer);
        for (struct streamed *r = f->all, *next; r; r = next) {
                next = r->next;
                free(r);
        }
        free(f);
        return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
