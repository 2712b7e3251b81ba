// SPDX-License-Identifier: Apache-2.0
// Owns the stream and the exchange of a connection; it is freed when the last of their handles has closed. Loop thread
// only.
#include "sidecar/server/connection.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/mem/length.h"
#include "sidecar/base/clock.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/state.h"

#define TO(state) (1U << CONNECTION_##state)

static const uint8_t moves[] = {
    [CONNECTION_IDLE] = TO(IDLE) | TO(READING) | TO(SERVING) | TO(WRITING) | TO(LINGERING) | TO(CLOSING),
    [CONNECTION_READING] = TO(IDLE) | TO(READING) | TO(SERVING) | TO(WRITING) | TO(LINGERING) | TO(CLOSING),
    [CONNECTION_SERVING] = TO(IDLE) | TO(READING) | TO(WRITING) | TO(LINGERING) | TO(CLOSING),
    [CONNECTION_WRITING] = TO(IDLE) | TO(READING) | TO(LINGERING) | TO(CLOSING),
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

// --- the end ---

static void release(struct connection *c)
{
        if (--c->open > 0)
                return;
        struct server *s = c->server;
        http_parser_free(c->parser);
        buffer_free(&c->pending);
        buffer_free(&c->body);
        free(c);
        server_release(s);
}

void connection_on_stream_closed(struct stream *stream)
{
        release(connection_of_stream(stream));
}

static void on_timer_closed(uv_handle_t *handle)
{
        release(connection_of_exchange(handle->data));
}

void connection_close(struct connection *c)
{
        if (c->state == CONNECTION_CLOSING)
                return;
        struct server *s = c->server;
        connection_set_state(c, CONNECTION_CLOSING);
        exchange_abort(&c->exchange);
        turns_unqueue(c);
        if (s->control == c)
                s->control = NULL;
        stream_pause(&c->stream);
        turns_end_connection(c);
}

void connection_end(struct connection *c)
{
        struct server *s = c->server;
        if (s->unchecked == c)
                s->unchecked = c->next;
        *c->link = c->next;
        if (c->next)
                c->next->link = c->link;
        s->connections_count--;
        stream_close(&c->stream);
        exchange_close(&c->exchange, on_timer_closed);
        account_close(&c->account);
        if (s->connections_count == 0) {
                s->idle_since_ms = clock_boot_ms(s->deps.clock);
                uv_timer_stop(&s->sweep);
                server_check_closed(s);
        }
}

void connection_shut_down(struct connection *c)
{
        if (c->end == CONNECTION_KEEP)
                c->end = CONNECTION_CLOSE;
        exchange_shut_down(&c->exchange);
}

// --- deadlines ---

static bool has_written(struct connection *c)
{
        size_t unsent = stream_unsent(&c->stream);
        bool has = unsent != c->unsent;
        c->unsent = unsent;
        return has;
}

static void refuse_slow(struct connection *c)
{
        turns_begin(c->server);
        connection_refuse(c, &(struct problem){.code = API_REQUEST_TIMEOUT,
                                               .detail = "the request did not arrive completely in time",
                                               .hint = "send head and body of a request without pausing"});
}

static void check_serving(struct connection *c, uint64_t now_ms, uint64_t age)
{
        const struct server_deadlines *limits = &c->server->deadlines;
        bool waits_for_body = c->is_in_body && !c->exchange.is_body_paused && c->stream.is_reading;
        if (stream_unsent(&c->stream) > 0) {
                if (has_written(c))
                        c->since_ms = now_ms;
                else if (age >= limits->write_ms)
                        connection_close(c);
        } else if (waits_for_body && age >= limits->request_ms) {
                if (c->exchange.state == EXCHANGE_HANDLED)
                        refuse_slow(c);
                else
                        connection_close(c);
        }
}

void connection_check(struct connection *c)
{
        const struct server_deadlines *limits = &c->server->deadlines;
        uint64_t now_ms = uv_now(c->server->deps.loop);
        uint64_t age = now_ms - c->since_ms;
        if (c->state == CONNECTION_CLOSING)
                return;
        if (!c->stream.is_reading && stream_has_hung_up(&c->stream)) { // while reading, the read reports it
                connection_close(c);
                return;
        }
        switch (c->state) {
        case CONNECTION_IDLE:
                if (age >= limits->idle_ms)
                        connection_close(c);
                break;
        case CONNECTION_READING:
                if (age < limits->request_ms)
                        break;
                if (c->exchange.state == EXCHANGE_NONE && c->is_in_body) // answered already
                        connection_close(c);
                else
                        refuse_slow(c);
                break;
        case CONNECTION_SERVING: // a wait has its own timer
        case CONNECTION_WRITING:
                check_serving(c, now_ms, age);
                break;
        case CONNECTION_LINGERING:
                if (age >= limits->linger_ms)
                        connection_close(c);
                break;
        case CONNECTION_CLOSING:
        case CONNECTION_STATE_COUNT:
                break;
        }
}

static void on_sweep(uv_timer_t *timer)
{
        turns_check_all(timer->data);
}

// --- start ---

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

struct connection *connection_open(const struct listener *l, int fd, const struct peer *peer, struct account *account)
{
        struct server *s = l->server;
        struct connection *c = calloc(1, sizeof(*c));
        struct http_parser *parser = c ? http_parser_new(HTTP_REQUESTS) : NULL;
        if (!parser) {
                free(c);
                account_close(account);
                close(fd);
                return NULL;
        }
        c->server = s;
        c->parser = parser;
        c->peer = *peer;
        c->account = *account;
        c->exchange.carrier = &connection_carrier_ops;
        c->exchange.listener = l;
        c->exchange.peer = &c->peer;
        c->exchange.command = s->deps.commands.find ? s->deps.commands.find(s->deps.commands.context, peer->pid) : 0;
        c->exchange.account = &c->account;
        c->since_ms = uv_now(s->deps.loop);
        buffer_init(&c->pending, READ_SIZE);
        buffer_init(&c->body, LIMIT_HTTP_BODY);
        (listener_is_tcp(l) ? stream_init_tcp : stream_init_unix)(&c->stream, s->deps.loop, &connection_stream_ops);
        exchange_open(&c->exchange, s);
        c->open = 2;
        join(s, c);
        if (stream_open(&c->stream, fd) == 0)
                return c;
        connection_close(c);
        return NULL;
}
