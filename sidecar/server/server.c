// SPDX-License-Identifier: Apache-2.0
// The server's start, its table of profiles, its scratch, and its end.
#include "sidecar/server/server.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/base/clock.h"
#include "sidecar/server/connection.h"
#include "sidecar/server/imds_tokens.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/peer_log.h"
#include "sidecar/server/state.h"

// Larger buffers are freed after the request that made them grow.
enum { KEEP_SCRATCH_SIZE = 64 * 1024, KEEP_JSON_NODES = 1024 };

static const struct server_deadlines deadlines = {
    .sweep_ms = 500,  // also how often a hung-up peer is noticed while nothing is read from it
    .idle_ms = 90000, // longer than gateways keep pooled connections (60 to 75 s), so that they close first
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
        s->idle_since_ms = clock_boot_ms(deps->clock);
        s->read_buffer = read_buffer;
        buffer_init(&s->head, LIMIT_HTTP_HEAD);
        buffer_init(&s->body, LIMIT_HTTP_REPLY);
        buffer_init(&s->text, (size_t)2 * LIMIT_HTTP_BODY);
        buffer_init(&s->signing, LIMIT_SIGN_CANONICAL);
        json_doc_init(&s->json);
        web_identity_tokens_init(&s->web_identity_tokens);
        (void)uv_timer_init(deps->loop, &s->sweep); // these cannot fail
        s->sweep.data = s;
        (void)uv_timer_init(deps->loop, &s->end);
        s->end.data = s;
        s->open = 2;
        peer_log_init(s);
        users_init(&s->users, deps->connections_max);
        turns_init(s);
        events_init(s);
        return s;
}

void server_set_sso(struct server *s, const struct server_sso *sso)
{
        s->sso = *sso;
}

int server_listen(struct server *s, int fd, const struct server_listener *options, struct error *e)
{
        return listener_open(s, fd, options, e);
}

// Nearly all requests leave it empty.
static bool is_scratch_clean(const struct server *s)
{
        size_t n = s->head.n | s->body.n | s->text.n | s->signing.n;
        bool has_failed = s->head.failed | s->body.failed | s->text.failed | s->signing.failed;
        return n == 0 && !has_failed && !s->json.text.p;
}

int64_t server_idle_ms(const struct server *s)
{
        return s->connections_count > 0 ? -1 : clock_boot_ms(s->deps.clock) - s->idle_since_ms;
}

void server_wipe_scratch(struct server *s)
{
        if (is_scratch_clean(s))
                return;
        struct buffer *const scratch[] = {&s->head, &s->body, &s->text, &s->signing};
        for (size_t i = 0; i < LENGTH(scratch); i++) {
                if (scratch[i]->cap > KEEP_SCRATCH_SIZE)
                        buffer_free(scratch[i]);
                else if (scratch[i]->n > 0 || scratch[i]->failed)
                        buffer_reset(scratch[i]);
        }
        if (s->json.capacity > KEEP_JSON_NODES) {
                json_doc_free(&s->json);
                json_doc_init(&s->json);
        }
        s->json.text = (struct slice){0};
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
        s->profiles_version++;
        // Exchanges point into the old table, which the caller frees when this has returned.
        for (struct exchange *x = s->exchanges; x; x = x->next)
                exchange_find_profile_again(x);
        web_identity_tokens_update(s);
}

// --- the end ---

void server_release(struct server *s)
{
        if (--s->open > 0)
                return;
        void (*closed)(void *arg) = s->closed;
        void *arg = s->closed_arg;
        assert(!s->users.first && !s->exchanges); // every charge has been released
        listener_free_all(s);
        imds_tokens_free(s->imds_tokens);
        events_free(s);
        web_identity_tokens_free(&s->web_identity_tokens);
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
        peer_log_close(s);
        turns_close(s);
        events_close(s);
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
        // Requests that are already on their way to an idle connection are still answered. Then idle connections are
        // closed, and in the end all.
        uint64_t drain_ms = s->deadlines.drain_ms;
        if ((uint64_t)s->grace_ms < drain_ms)
                drain_ms = (uint64_t)s->grace_ms;
        (void)uv_timer_start(&s->end, on_end, drain_ms, 0);
        struct connection *next;
        for (struct connection *c = s->connections; c; c = next) {
                next = c->next;
                connection_shut_down(c);
        }
        server_check_closed(s);
}
