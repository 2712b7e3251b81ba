// SPDX-License-Identifier: Apache-2.0
// Owns both handles of a connection; its memory goes with the last of them. One thread, the loop's.
#include "sidecar/server/connection.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/mem/length.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/state.h"

#define TO(state) (1U << CONNECTION_##state)

static const uint8_t moves[] = {
    [CONNECTION_IDLE] = TO(READING) | TO(ANSWERING) | TO(CLOSING),
    [CONNECTION_READING] = TO(ANSWERING) | TO(CLOSING),
    [CONNECTION_ANSWERING] = TO(IDLE) | TO(WAITING) | TO(WRITING) | TO(LINGERING) | TO(CLOSING),
    [CONNECTION_WAITING] = TO(ANSWERING) | TO(CLOSING),
    [CONNECTION_WRITING] = TO(IDLE) | TO(LINGERING) | TO(CLOSING),
    [CONNECTION_LINGERING] = TO(CLOSING),
    [CONNECTION_CLOSING] = 0,
};

_Static_assert(LENGTH(moves) == CONNECTION_STATE_COUNT, "say where each state may go");

void connection_set_state(struct connection *c, enum connection_state state)
{
        assert(moves[c->state] & (1U << state)); // a bug, never the peer's input
        c->state = state;
        c->since_ms = uv_now(c->server->deps.loop);
}

static void on_closed(uv_handle_t *handle)
{
        struct connection *c = handle->data;
        if (--c->open > 0)
                return;
        struct server *s = c->server;
        http_whole_free(c->parser);
        buffer_free(&c->pending);
        free(c);
        server_release(s);
}

void connection_close(struct connection *c)
{
        if (c->state == CONNECTION_CLOSING)
                return;
        connection_stop_waiting(c);
        connection_set_state(c, CONNECTION_CLOSING);
        struct server *s = c->server;
        *c->link = c->next;
        if (c->next)
                c->next->link = c->link;
        s->connections_count--;
        uv_close((uv_handle_t *)&c->pipe, on_closed);
        uv_close((uv_handle_t *)&c->wait_timer, on_closed);
        if (s->connections_count == 0) {
                uv_timer_stop(&s->sweep);
                server_check_closed(s);
        }
}

static void on_sweep(uv_timer_t *timer)
{
        struct server *s = timer->data;
        struct connection *next;
        for (struct connection *c = s->connections; c; c = next) {
                next = c->next; // a sweep closes no other connection than its own
                connection_sweep(c, uv_now(timer->loop));
        }
}

static void join(struct server *s, struct connection *c)
{
        c->next = s->connections;
        c->link = &s->connections;
        if (c->next)
                c->next->link = &c->next;
        s->connections = c;
        s->connections_count++;
        s->open++;
        if (s->connections_count == 1)
                (void)uv_timer_start(&s->sweep, on_sweep, s->deadlines.sweep_ms, s->deadlines.sweep_ms);
}

int connection_open(struct server *s, int fd, const struct peer *peer)
{
        struct connection *c = calloc(1, sizeof(*c));
        struct http_whole *parser = c ? http_whole_new(HTTP_REQUESTS, LIMIT_HTTP_BODY) : NULL;
        if (!parser || uv_pipe_init(s->deps.loop, &c->pipe, 0) < 0) {
                http_whole_free(parser);
                free(c);
                close(fd);
                return -1;
        }
        c->pipe.data = c;
        (void)uv_timer_init(s->deps.loop, &c->wait_timer); // cannot fail
        c->wait_timer.data = c;
        c->open = 2;
        c->server = s;
        c->parser = parser;
        c->request.peer = *peer;
        c->since_ms = uv_now(s->deps.loop);
        buffer_init(&c->pending, 2 * READ_SIZE);
        join(s, c);
        int rc = uv_pipe_open(&c->pipe, fd);
        if (rc < 0)
                close(fd);
        if (rc < 0 || connection_start_reading(c) < 0) {
                connection_close(c);
                return -1;
        }
        return 0;
}

static bool has_write_progressed(struct connection *c)
{
        size_t queued = uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe);
        bool has = queued != c->queued;
        c->queued = queued;
        return has;
}

void connection_sweep(struct connection *c, uint64_t now_ms)
{
        const struct server_deadlines *limits = &c->server->deadlines;
        uint64_t age = now_ms - c->since_ms;
        switch (c->state) {
        case CONNECTION_IDLE:
                if (age >= limits->idle_ms)
                        connection_close(c);
                break;
        case CONNECTION_READING:
                if (age >= limits->request_ms)
                        connection_refuse(c, API_REQUEST_TIMEOUT, "send head and body of a request without a pause",
                                          "the request was not whole in time");
                break;
        case CONNECTION_WRITING:
                if (has_write_progressed(c))
                        c->since_ms = now_ms;
                else if (age >= limits->write_ms)
                        connection_close(c);
                break;
        case CONNECTION_LINGERING:
                if (age >= limits->linger_ms)
                        connection_close(c);
                break;
        case CONNECTION_ANSWERING:
        case CONNECTION_WAITING: // has a timer of its own
        case CONNECTION_CLOSING:
        case CONNECTION_STATE_COUNT:
                break;
        }
}

void connection_drain(struct connection *c)
{
        if (c->end == CONNECTION_KEEP)
                c->end = CONNECTION_CLOSE;
        if (c->state != CONNECTION_WAITING)
                return;
        connection_stop_waiting(c);
        connection_set_state(c, CONNECTION_ANSWERING);
        problem_say(&c->request, API_SHUTTING_DOWN, "ask again once the agent is back", "the agent is shutting down");
        connection_resume(c);
}
