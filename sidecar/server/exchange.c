// SPDX-License-Identifier: Apache-2.0
// Every call of a handler is between enter() and leave(). If the handler or the peer ends the exchange
// meanwhile, leave() cleans up after the handler has returned, so that its state stays valid until then.
#include "sidecar/server/exchange.h"

#include <assert.h>
#include <stddef.h>

#include "sidecar/base/clock.h"
#include "sidecar/server/access.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/router.h"
#include "sidecar/server/state.h"

void exchange_open(struct exchange *x, struct server *s)
{
        x->server = s;
        (void)uv_timer_init(s->deps.loop, &x->timer); // cannot fail
        x->timer.data = x;
}

void exchange_close(struct exchange *x, uv_close_cb closed)
{
        uv_close((uv_handle_t *)&x->timer, closed);
}

// --- the list of unfinished exchanges ---

static void join(struct exchange *x)
{
        struct server *s = x->server;
        if (x->link)
                return;
        x->next = s->exchanges;
        x->link = &s->exchanges;
        if (x->next)
                x->next->link = &x->next;
        s->exchanges = x;
}

static void part(struct exchange *x)
{
        if (!x->link)
                return;
        *x->link = x->next;
        if (x->next)
                x->next->link = x->link;
        x->link = NULL;
}

void exchange_finish(struct exchange *x)
{
        assert(!x->is_running);
        part(x);
        if (x->arena.blocks)
                request_arena_free(&x->arena);
        x->handler_state = NULL;
        x->state = EXCHANGE_NONE;
}

// --- calls of handlers ---

static void enter(struct exchange *x)
{
        assert(!x->is_running);
        x->is_running = true;
}

static void leave(struct exchange *x)
{
        x->is_running = false;
        server_wipe_scratch(x->server);
        if (x->is_aborted)
                exchange_abort(x);
        else if (x->state != EXCHANGE_ENDED)
                join(x);
}

static bool is_owed(const struct exchange *x)
{
        return x->state == EXCHANGE_HANDLED || x->state == EXCHANGE_WAITING || x->state == EXCHANGE_ANSWERING;
}

static void call_abort(struct exchange *x)
{
        if (!is_owed(x) || !x->route->abort)
                return;
        x->is_running = true;
        x->route->abort(x);
        x->is_running = false;
}

// Checks access again if the profiles were replaced since the last check. False: answered.
static bool may_go_on(struct exchange *x)
{
        if (!x->is_profile_new)
                return true;
        x->is_profile_new = false;
        if (x->profile)
                return access_check(x, x->route->scope);
        problem_send(x, &(struct problem){.code = API_PROFILE_NOT_FOUND,
                                          .detail = "the profile was removed while the request was under way",
                                          .hint = "GET /v1/profiles lists the profiles"});
        return false;
}

static void handle(struct exchange *x)
{
        x->state = EXCHANGE_HANDLED;
        x->route->begin(x);
        x->head = NULL;
}

void exchange_begin(struct exchange *x, const struct http_head *head, uint64_t started_ns)
{
        assert(x->state == EXCHANGE_NONE);
        x->state = EXCHANGE_COLLECTING;
        x->is_head = x->is_aborted = x->is_body_paused = x->is_body_whole = false;
        x->has_profile = x->is_profile_new = false;
        x->api = x->listener->apis[0];
        x->counts = x->listener->counts[0];
        x->route = NULL;
        x->profile = NULL;
        x->head = head;
        x->body = (struct slice){0};
        x->started_ns = started_ns;
        if (!head)
                return;
        x->is_running = true;
        if (router_route(x)) {
                if (x->route->body == BODY_STREAM)
                        handle(x);
                else if (x->state == EXCHANGE_COLLECTING) { // the rest of the body has probably arrived
                        x->is_running = false;
                        return;
                }
        }
        leave(x);
}

void exchange_move_head(struct exchange *x, const struct http_head *head)
{
        if (!x->head)
                return;
        x->head = head;
        router_split_target(x);
        join(x);
}

void exchange_body_piece(struct exchange *x, struct slice piece)
{
        enter(x);
        x->route->body_piece(x, piece);
        leave(x);
}

void exchange_body_end(struct exchange *x, struct slice body)
{
        enter(x);
        x->is_body_whole = true;
        if (x->route->body == BODY_STREAM) {
                x->route->body_end(x);
        } else {
                x->body = body;
                x->started_ns = x->server->turn_ns;
                if (may_go_on(x))
                        handle(x);
                x->body = (struct slice){0};
        }
        assert(x->state != EXCHANGE_HANDLED || x->route->drain ||
               x->route->body == BODY_STREAM); // no callback would continue it
        leave(x);
}

void exchange_drain(struct exchange *x)
{
        assert(x->state == EXCHANGE_HANDLED || x->state == EXCHANGE_ANSWERING);
        enter(x);
        x->route->drain(x);
        leave(x);
}

// --- waiting ---

static void stop_waiting(struct exchange *x)
{
        if (x->state != EXCHANGE_WAITING)
                return;
        (void)uv_timer_stop(&x->timer); // always succeeds
        entry_wait_cancel(&x->waiter);
        account_lower(x->account, USER_WAITS, x->account->held[USER_WAITS] - 1);
        x->state = EXCHANGE_HANDLED;
}

static void end_wait(struct exchange *x, const struct outcome *o)
{
        stop_waiting(x);
        enter(x);
        if (may_go_on(x))
                x->route->resume(x, o);
        leave(x);
        x->carrier->go_on(x);
}

// The client has said how long it waits. An error that may pass within that time does not end the wait; the vault paces
// the attempts.
static bool may_still_come(const struct exchange *x, const struct error *e)
{
        return x->wants == VAULT_WANT_CREDENTIALS && !x->server->is_closing &&
               (e->kind == ERROR_TRANSIENT || e->kind == ERROR_THROTTLED);
}

static void on_waited(struct vault_waiter *w, struct credentials *credentials, const struct error *e)
{
        struct exchange *x = (struct exchange *)((char *)w - offsetof(struct exchange, waiter));
        if (e && may_still_come(x, e)) {
                x->waiter = (struct vault_waiter){.done = on_waited};
                entry_wait(x->awaited, VAULT_WANT_CREDENTIALS, &x->waiter);
                return;
        }
        end_wait(x, &(struct outcome){.credentials = credentials, .error = e});
}

static void on_time_up(uv_timer_t *timer)
{
        end_wait(timer->data, &(struct outcome){.is_timed_out = true});
}

void exchange_wait(struct exchange *x, struct entry *entry, const struct wait *wait)
{
        if (x->is_aborted)
                return;
        if (x->server->is_closing) {
                problem_send_shutting_down(x);
                return;
        }
        if (!account_set(x->account, USER_WAITS, x->account->held[USER_WAITS] + 1)) {
                problem_send_too_many(x, "too many requests of this uid are waiting for credentials");
                return;
        }
        x->state = EXCHANGE_WAITING;
        (void)uv_timer_start(&x->timer, on_time_up, clock_real_ms(x->server->deps.clock, wait->ms), 0);
        x->wants = wait->want;
        x->awaited = entry;
        x->waiter = (struct vault_waiter){.done = on_waited, .after_generation = wait->after_generation};
        entry_wait(entry, wait->want, &x->waiter);
}

static void ignore(struct vault_waiter *w, struct credentials *credentials, const struct error *e)
{
        (void)w;
        (void)credentials;
        (void)e;
}

void exchange_request_fetch(struct entry *entry)
{
        struct vault_waiter w = {.done = ignore};
        entry_wait(entry, VAULT_WANT_CREDENTIALS, &w);
        entry_wait_cancel(&w);
}

// --- ended from outside ---

void exchange_abort(struct exchange *x)
{
        if (x->state == EXCHANGE_NONE)
                return;
        x->is_aborted = true;
        if (x->is_running)
                return; // leave() calls this again
        stop_waiting(x);
        call_abort(x);
        exchange_finish(x);
}

void exchange_refuse(struct exchange *x, const struct problem *p)
{
        assert(x->state != EXCHANGE_ANSWERING && x->state != EXCHANGE_ENDED);
        stop_waiting(x);
        call_abort(x);
        enter(x);
        problem_send(x, p);
        leave(x);
}

void exchange_find_profile_again(struct exchange *x)
{
        if (!x->has_profile)
                return;
        x->is_profile_new = true;
        if (x->profile)
                x->profile = server_find_profile(x->server, slice_str(x->profile->name));
}

void exchange_shut_down(struct exchange *x)
{
        bool is_stream = x->state == EXCHANGE_ANSWERING && x->route->shut_down;
        if (x->state != EXCHANGE_WAITING && !is_stream)
                return;
        stop_waiting(x);
        enter(x);
        if (is_stream)
                x->route->shut_down(x);
        else
                problem_send_shutting_down(x);
        leave(x);
        x->carrier->go_on(x);
}

// --- for handlers ---

static void begin_answer(struct exchange *x, enum exchange_state state, const struct answer *a,
                         void (*send)(struct exchange *x, const struct answer *a))
{
        struct server *s = x->server;
        assert(x->state == EXCHANGE_COLLECTING || x->state == EXCHANGE_HANDLED);
        x->state = state;
        if (!x->is_aborted)
                send(x, a);
        s->now_ns = uv_hrtime();
        metrics_count_request(s->deps.metrics, x->counts, a->status, s->now_ns - x->started_ns);
}

void exchange_answer(struct exchange *x, const struct answer *a)
{
        begin_answer(x, EXCHANGE_ENDED, a, x->carrier->answer);
}

void exchange_answer_begin(struct exchange *x, const struct answer *head)
{
        begin_answer(x, EXCHANGE_ANSWERING, head, x->carrier->answer_begin);
}

bool exchange_answer_write(struct exchange *x, struct slice piece)
{
        assert(x->state == EXCHANGE_ANSWERING && !x->is_head);
        return !x->is_aborted && (piece.n == 0 || x->carrier->answer_write(x, piece));
}

void exchange_answer_end(struct exchange *x)
{
        assert(x->state == EXCHANGE_ANSWERING);
        x->state = EXCHANGE_ENDED;
        if (!x->is_aborted)
                x->carrier->answer_end(x);
}

void exchange_fail(struct exchange *x)
{
        if (!x->is_aborted)
                x->carrier->fail(x);
}

void exchange_call_drain(struct exchange *x)
{
        if (!x->is_aborted)
                x->carrier->call_drain(x);
}

void exchange_pause_body(struct exchange *x)
{
        x->is_body_paused = true;
}

void exchange_resume_body(struct exchange *x)
{
        bool was_paused = x->is_body_paused;
        x->is_body_paused = false;
        if (was_paused && !x->is_aborted)
                x->carrier->read_body(x);
}

void *exchange_alloc_state(struct exchange *x, size_t n)
{
        x->handler_state = request_arena_alloc(&x->arena, n);
        if (!x->handler_state)
                problem_send_no_memory(x);
        return x->handler_state;
}
