// SPDX-License-Identifier: Apache-2.0
// Events and a stream of them: memory fails while they are kept, while the stream begins and while it is written. A
// reader gets every event, or is told that some are missing, or its connection ends: never silence.
#include "tests/torture/torture.h"
#include "tests/unit/server/fixture.h"

enum { EVENTS = 3, TURNS = 60, RECEIVED_MAX = 16 * 1024 };

struct reader {
        int fd;
        size_t n;
        bool is_at_end;
        char received[RECEIVED_MAX];
};

static void dial(struct fixture *f, struct reader *r, const char *request)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        *r = (struct reader){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        assert_true(r->fd >= 0);
        memcpy(address.sun_path, f->path, strlen(f->path) + 1);
        assert_int_equal(connect(r->fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(send(r->fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
}

static void receive(struct reader *r)
{
        ssize_t n = recv(r->fd, r->received + r->n, RECEIVED_MAX - 1 - r->n, 0);
        r->is_at_end = r->is_at_end || n == 0 || (n < 0 && errno != EAGAIN);
        r->n += n > 0 ? (size_t)n : 0;
        r->received[r->n] = '\0';
}

static void turns(struct fixture *f, struct reader *r, bool with_torture)
{
        for (int i = 0; i < TURNS; i++) {
                if (with_torture)
                        torture_begin();
                turn(f);
                torture_end();
                receive(r);
        }
}

static void publish(struct fixture *f, uint64_t generation)
{
        server_publish(f->server, &(struct server_event){
                                      .kind = EVENT_ROTATED, .profile = "a", .generation = generation, .expires_s = 1});
}

static bool has_event(const struct reader *r, uint64_t generation)
{
        char text[64];
        snprintf(text, sizeof(text), "\"generation\":%d,", (int)generation);
        return strstr(r->received, text);
}

static bool has_all(const struct reader *r)
{
        for (uint64_t i = 1; i <= EVENTS + 1; i++)
                if (!has_event(r, i))
                        return false;
        return true;
}

// `arg`: the request.
static bool stream_round(const void *arg)
{
        static struct reader r;
        struct fixture f;
        fixture_start(&f);
        fixture_add(&f, "a", true);
        dial(&f, &r, arg);
        turns(&f, &r, true);
        for (uint64_t i = 1; i <= EVENTS; i++) {
                torture_begin();
                publish(&f, i);
                torture_end();
                turns(&f, &r, true);
        }
        publish(&f, EVENTS + 1);
        turns(&f, &r, false);
        bool is_stream = strstr(r.received, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n");
        bool is_whole = is_stream && has_all(&r);
        if (is_stream && !is_whole && !r.is_at_end && !strstr(r.received, "\"reason\":\"too_old\""))
                fail_msg("events are missing: %s", r.received);
        if (!is_stream && !r.is_at_end && !strstr(r.received, "HTTP/1.1 500 "))
                fail_msg("neither a stream nor an end: %s", r.received);
        (void)close(r.fd);
        dial(&f, &r, arg);
        turns(&f, &r, false);
        publish(&f, EVENTS + 2);
        turns(&f, &r, false);
        assert_true(has_event(&r, EVENTS + 2));
        (void)close(r.fd);
        fixture_stop(&f);
        return is_whole;
}

int main(void)
{
        static const struct torture_row rows[] = {
            {.name = "a stream of events", .round = stream_round, .arg = "GET /v1/events HTTP/1.1\r\n\r\n"},
            {.name = "a stream of the events of a profile",
             .round = stream_round,
             .arg = "GET /v1/events?profile=%61 HTTP/1.1\r\n\r\n"},
            {.name = "a stream that is gone on with",
             .round = stream_round,
             .arg = "GET /v1/events HTTP/1.0\r\nLast-Event-ID: abc-0\r\n\r\n"},
        };
        return torture_main(rows, LENGTH(rows));
}
