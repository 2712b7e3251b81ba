// SPDX-License-Identifier: Apache-2.0
// The loop's time identifies a turn, as it does not change within one. Several short turns may have the same time;
// together they last less than its unit, a millisecond.
#include "sidecar/server/turns.h"

#include "sidecar/server/connection.h"
#include "sidecar/server/state.h"

static const struct {
        unsigned requests, ends, checks;
        uint64_t connection_ns, user_ns, queue_ns;
} budget = {
    .requests = 16,
    .ends = 32, // closing a socket whose peer has sent much that was not read takes the kernel up to 50 us
    .checks = 128,
    .connection_ns = 500000,
    .user_ns = 2000000,
    .queue_ns = 1000000,
};

static void on_closed(uv_handle_t *handle)
{
        server_release(handle->data);
}

void turns_init(struct server *s)
{
        TAILQ_INIT(&s->ready);
        TAILQ_INIT(&s->closing);
        (void)uv_idle_init(s->deps.loop, &s->turns); // cannot fail
        s->turns.data = s;
        s->open++;
}

void turns_close(struct server *s)
{
        uv_close((uv_handle_t *)&s->turns, on_closed);
}

// The next connection of the next user; a user with more connections moves to the end of the queue.
static struct connection *take_first(struct server *s)
{
        struct user *u = TAILQ_FIRST(&s->ready);
        struct connection *c = TAILQ_FIRST(&u->ready);
        turns_unqueue(c);
        if (!TAILQ_EMPTY(&u->ready)) {
                TAILQ_REMOVE(&s->ready, u, ready_users);
                TAILQ_INSERT_TAIL(&s->ready, u, ready_users);
        }
        return c;
}

// --- ends and deadlines ---

static bool may_end_one(struct server *s)
{
        if (s->ends_ms != uv_now(s->deps.loop)) {
                s->ends_ms = uv_now(s->deps.loop);
                s->ends = 0;
        }
        return s->ends < budget.ends;
}

static void end_now(struct connection *c)
{
        c->server->ends++;
        connection_end(c);
}

static void end_some(struct server *s)
{
        s->ends = 0; // this is the next turn, even if the time is the same
        while (!TAILQ_EMPTY(&s->closing) && may_end_one(s)) {
                struct connection *c = TAILQ_FIRST(&s->closing);
                TAILQ_REMOVE(&s->closing, c, ready);
                end_now(c);
        }
}

static void check_some(struct server *s)
{
        for (unsigned i = 0; s->unchecked && i < budget.checks; i++) {
                struct connection *c = s->unchecked;
                s->unchecked = c->next; // before `c` may end
                connection_check(c);
        }
}

static void on_turn(uv_idle_t *handle)
{
        struct server *s = handle->data;
        uint64_t end_ns = uv_hrtime() + budget.queue_ns;
        while (!TAILQ_EMPTY(&s->ready) && uv_hrtime() < end_ns)
                connection_take_turn(take_first(s));
        end_some(s);
        check_some(s);
        if (TAILQ_EMPTY(&s->ready) && TAILQ_EMPTY(&s->closing) && !s->unchecked)
                (void)uv_idle_stop(handle);
}

void turns_end_connection(struct connection *c)
{
        struct server *s = c->server;
        if (TAILQ_EMPTY(&s->closing) && may_end_one(s)) {
                end_now(c);
                return;
        }
        TAILQ_INSERT_TAIL(&s->closing, c, ready);
        (void)uv_idle_start(&s->turns, on_turn);
}

void turns_check_all(struct server *s)
{
        s->unchecked = s->connections;
        (void)uv_idle_start(&s->turns, on_turn);
}

// --- requests ---

void turns_queue(struct connection *c)
{
        struct server *s = c->server;
        struct user *u = c->account.user;
        if (c->is_ready)
                return;
        c->is_ready = true;
        if (TAILQ_EMPTY(&u->ready))
                TAILQ_INSERT_TAIL(&s->ready, u, ready_users);
        TAILQ_INSERT_TAIL(&u->ready, c, ready);
        (void)uv_idle_start(&s->turns, on_turn);
}

void turns_unqueue(struct connection *c)
{
        struct user *u = c->account.user;
        if (!c->is_ready)
                return;
        c->is_ready = false;
        TAILQ_REMOVE(&u->ready, c, ready);
        if (TAILQ_EMPTY(&u->ready))
                TAILQ_REMOVE(&c->server->ready, u, ready_users);
}

void turns_begin(struct server *s)
{
        s->turn_ns = s->now_ns = uv_hrtime();
}

void turns_end(struct connection *c, bool is_measured)
{
        struct server *s = c->server;
        struct user *u = c->account.user;
        if (!u)
                return;
        if (!is_measured)
                s->now_ns = uv_hrtime();
        if (u->turn_ms != uv_now(s->deps.loop)) {
                u->turn_ms = uv_now(s->deps.loop);
                u->spent_ns = 0;
        }
        u->spent_ns += s->now_ns - s->turn_ns;
}

bool turns_is_over(const struct connection *c, unsigned requests)
{
        const struct server *s = c->server;
        return requests >= budget.requests || s->now_ns - s->turn_ns > budget.connection_ns;
}

bool turns_has_user_spent(const struct connection *c)
{
        const struct user *u = c->account.user;
        return u->spent_ns > budget.user_ns && u->turn_ms == uv_now(c->server->deps.loop);
}
