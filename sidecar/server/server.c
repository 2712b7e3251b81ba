// SPDX-License-Identifier: Apache-2.0
// The server's birth, its table of profiles, and its end.
#include "sidecar/server/server.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/server/connection.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/state.h"

static const struct server_deadlines deadlines = {
    .sweep_ms = 1000,
    .idle_ms = 90000, // gateways keep their pools for 60 to 75 s: it is they who close
    .request_ms = 10000,
    .write_ms = 30000,
    .linger_ms = 2000,
    .drain_ms = 100,
    .rearm_ms = 250,
};

struct server *server_new(const struct server_deps *deps)
{
        struct server *s = calloc(1, sizeof(*s));
        uint8_t *read_buffer = malloc(READ_SIZE);
        if (!s || !read_buffer) {
                free(s);
                free(read_buffer);
                return NULL;
        }
        s->deps = *deps;
        s->deadlines = deadlines;
        s->read_buffer = read_buffer;
        buffer_init(&s->head, LIMIT_HTTP_HEAD);
        buffer_init(&s->body, LIMIT_HTTP_LIST);
        buffer_init(&s->text, (size_t)2 * LIMIT_HTTP_BODY);
        buffer_init(&s->signing, LIMIT_SIGN_CANONICAL);
        json_doc_init(&s->json);
        (void)uv_timer_init(deps->loop, &s->sweep); // these cannot fail
        s->sweep.data = s;
        (void)uv_timer_init(deps->loop, &s->end);
        s->end.data = s;
        s->open = 2;
        return s;
}

int server_listen(struct server *s, int fd, struct error *e)
{
        return listener_open(s, fd, e);
}

const struct server_profile *server_find_profile(const struct server *s, struct slice name)
{
        size_t low = 0;
        size_t high = s->profiles_count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = slice_compare(name, slice_str(s->profiles[middle].name));
                if (order == 0)
                        return &s->profiles[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

void server_set_profiles(struct server *s, const struct server_profile *profiles, size_t count)
{
        s->profiles = profiles;
        s->profiles_count = count;
        // Requests that wait point into the old table, which goes when this has returned.
        for (struct connection *c = s->connections; c; c = c->next)
                if (c->request.profile)
                        c->request.profile = server_find_profile(s, slice_str(c->request.profile->name));
}

// --- the end ---

void server_release(struct server *s)
{
        if (--s->open > 0)
                return;
        void (*closed)(void *arg) = s->closed;
        void *arg = s->closed_arg;
        free(s->read_buffer);
        buffer_free(&s->head);
        buffer_free(&s->body);
        buffer_free(&s->text);
        buffer_free(&s->signing);
        json_doc_free(&s->json);
        free(s);
        if (closed)
                closed(arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
        server_release(handle->data);
}

void server_check_closed(struct server *s)
{
        if (!s->is_closing || s->connections_count > 0 || uv_is_closing((uv_handle_t *)&s->end))
                return;
        uv_close((uv_handle_t *)&s->sweep, on_timer_closed);
        uv_close((uv_handle_t *)&s->end, on_timer_closed);
}

static void close_connections(struct server *s, bool all)
{
        struct connection *next;
        for (struct connection *c = s->connections; c; c = next) {
                next = c->next;
                if (all || c->state == CONNECTION_IDLE)
                        connection_close(c);
        }
}

static void on_end(uv_timer_t *timer)
{
        struct server *s = timer->data;
        bool is_over = s->is_drained || (uint64_t)s->grace_ms <= s->deadlines.drain_ms;
        s->is_drained = true;
        if (!is_over)
                (void)uv_timer_start(timer, on_end, (uint64_t)s->grace_ms - s->deadlines.drain_ms, 0);
        close_connections(s, is_over);
}

void server_close(struct server *s, int64_t grace_ms, void (*closed)(void *arg), void *arg)
{
        assert(!s->is_closing);
        s->is_closing = true;
        s->grace_ms = grace_ms > 0 ? grace_ms : 0;
        s->closed = closed;
        s->closed_arg = arg;
        listener_close_all(s);
        // A request that is on its way to an idle connection is still answered; then idle ones go, at last all.
        uint64_t drain_ms = s->deadlines.drain_ms;
        if ((uint64_t)s->grace_ms < drain_ms)
                drain_ms = (uint64_t)s->grace_ms;
        (void)uv_timer_start(&s->end, on_end, drain_ms, 0);
        struct connection *next;
        for (struct connection *c = s->connections; c; c = next) {
                next = c->next;
                connection_drain(c);
        }
        server_check_closed(s);
}
