// SPDX-License-Identifier: Apache-2.0
// All entries, and two timers: the pump does what must happen from the loop (completing waiters, answering chained
// providers, starting fetches, the latter two only so many in one turn), the tick sees when a clock was stepped or the
// machine slept, and plans everything anew.
#include "sidecar/vault/entry.h"

#include <stdlib.h>

// --- the pump ---

static void settle_all(struct vault *v)
{
        struct entry_list now = TAILQ_HEAD_INITIALIZER(now);
        TAILQ_CONCAT(&now, &v->settling, settling); // what comes while these are called out waits for the next turn
        while (!TAILQ_EMPTY(&now)) {
                struct entry *e = TAILQ_FIRST(&now);
                TAILQ_REMOVE(&now, e, settling);
                e->is_settle_queued = false;
                waiters_settle(e);
        }
}

// Until there is work for the pump, in the loop's time; ENTRY_NEVER: it is waited for.
static int64_t pump_wait_ms(struct vault *v)
{
        if (!TAILQ_EMPTY(&v->settling))
                return VAULT_TURN_MS;
        int64_t answer_ms = source_wait_ms(v), start_ms = bucket_wait_ms(v);
        int64_t wait_ms = answer_ms < start_ms ? answer_ms : start_ms;
        if (wait_ms == ENTRY_NEVER)
                return ENTRY_NEVER;
        return wait_ms > 0 ? (int64_t)clock_real_ms(v->deps.clock, wait_ms) : VAULT_TURN_MS;
}

static void on_pump(uv_timer_t *timer)
{
        struct vault *v = timer->data;
        settle_all(v);
        for (unsigned i = 0; i < VAULT_ANSWERS_PER_TURN && source_answer_next(v); i++)
                ;
        for (unsigned i = 0; i < VAULT_STARTS_PER_TURN; i++) {
                struct entry *e = bucket_next(v);
                if (!e)
                        break;
                refresh_start(e);
        }
        // What came up meanwhile has armed the timer with 0. That would come in the same turn of the loop, and for ever
        // where a waiter waits again each time.
        uv_timer_stop(&v->pump);
        int64_t wait_ms = pump_wait_ms(v);
        if (wait_ms != ENTRY_NEVER)
                uv_timer_start(&v->pump, on_pump, (uint64_t)wait_ms, 0);
}

void vault_pump_soon(struct vault *v)
{
        bool is_soon = uv_is_active((uv_handle_t *)&v->pump) && uv_timer_get_due_in(&v->pump) <= VAULT_TURN_MS;
        if (!is_soon)
                uv_timer_start(&v->pump, on_pump, 0, 0);
}

void vault_settle_soon(struct entry *e)
{
        if (e->is_settle_queued)
                return;
        e->is_settle_queued = true;
        TAILQ_INSERT_TAIL(&e->vault->settling, e, settling);
        vault_pump_soon(e->vault);
}

// --- the clocks ---

static int64_t wall_less_boot_ms(const struct vault *v)
{
        const struct clock *clock = v->deps.clock;
        return clock->wall_ms(clock->context) - clock_boot_ms(clock);
}

static int64_t boot_less_loop_ms(const struct vault *v)
{
        const struct clock *clock = v->deps.clock;
        return clock_boot_ms(clock) - (int64_t)uv_now(v->deps.loop) * clock->speed;
}

static bool is_step(int64_t was_ms, int64_t is_ms, int64_t tolerance_ms)
{
        return is_ms - was_ms > tolerance_ms || was_ms - is_ms > tolerance_ms;
}

static void on_tick(uv_timer_t *timer)
{
        struct vault *v = timer->data;
        if (is_step(v->wall_less_boot_ms, wall_less_boot_ms(v), VAULT_STEP_MS) ||
            is_step(v->boot_less_loop_ms, boot_less_loop_ms(v), (int64_t)VAULT_STEP_MS * v->deps.clock->speed))
                vault_replan(v);
}

void vault_replan(struct vault *v)
{
        v->wall_less_boot_ms = wall_less_boot_ms(v);
        v->boot_less_loop_ms = boot_less_loop_ms(v);
        for (struct entry *e = TAILQ_FIRST(&v->entries); e; e = TAILQ_NEXT(e, all))
                plan_again(e);
}

void vault_set_pacing(struct vault *v, const struct vault_pacing *pacing)
{
        bucket_set_pacing(v, pacing);
        vault_pump_soon(v);
}

// --- birth and end ---

struct vault *vault_new(const struct vault_deps *deps)
{
        struct vault *v = calloc(1, sizeof(*v));
        if (!v)
                return NULL;
        v->deps = *deps;
        TAILQ_INIT(&v->entries);
        TAILQ_INIT(&v->buckets);
        TAILQ_INIT(&v->settling);
        TAILQ_INIT(&v->answers);
        bucket_set_pacing(v, &(struct vault_pacing){0});
        uv_timer_init(deps->loop, &v->pump); // cannot fail, nor can starting one
        uv_timer_init(deps->loop, &v->tick);
        v->pump.data = v;
        v->tick.data = v;
        v->open_handles = 2;
        v->wall_less_boot_ms = wall_less_boot_ms(v);
        v->boot_less_loop_ms = boot_less_loop_ms(v);
        uv_timer_start(&v->tick, on_tick, VAULT_TICK_MS, VAULT_TICK_MS);
        uv_unref((uv_handle_t *)&v->tick);
        return v;
}

static void on_handle_closed(uv_handle_t *handle)
{
        struct vault *v = handle->data;
        if (--v->open_handles > 0)
                return;
        void (*closed)(void *) = v->closed;
        void *arg = v->closed_arg;
        free(v);
        if (closed)
                closed(arg);
}

void vault_entry_gone(struct vault *v)
{
        if (!v->is_closing || !TAILQ_EMPTY(&v->entries) || uv_is_closing((uv_handle_t *)&v->pump))
                return;
        uv_close((uv_handle_t *)&v->pump, on_handle_closed);
        uv_close((uv_handle_t *)&v->tick, on_handle_closed);
}

void vault_close(struct vault *v, void (*closed)(void *arg), void *arg)
{
        struct error reason;
        error_set(&reason, ERROR_CANCELLED, "the agent is shutting down");
        v->closed = closed;
        v->closed_arg = arg;
        v->is_closing = true;
        for (struct entry *e = TAILQ_FIRST(&v->entries); e; e = TAILQ_NEXT(e, all))
                entry_retire(e, &reason);
        vault_entry_gone(v);
}
