// SPDX-License-Identifier: Apache-2.0
// All entries, and two timers: the pump does what must happen from the loop (completing waiters, and a limited number
// of starts and answers to chained providers in each turn), the tick notices when a clock was stepped or the machine
// slept, and plans everything anew.
#include "sidecar/vault/entry.h"

#include <stdlib.h>

#include "proto/mem/secret.h"

enum {
        BEGIN_IN_ONE_TURN = 16, // of the loop
        TICK_MS = 10 * 1000,
        STEP_MS = 1000 // a clock that moved by more than this against another was stepped
};

// --- the pump ---

static void settle_all(struct vault *v)
{
        struct entry_list now = TAILQ_HEAD_INITIALIZER(now);
        TAILQ_CONCAT(&now, &v->settling, settling); // what comes while these are called out waits for the next turn
        while (!TAILQ_EMPTY(&now)) {
                struct entry *e = TAILQ_FIRST(&now);
                TAILQ_REMOVE(&now, e, settling);
                e->is_settle_queued = false;
                waiters_settle(e, FLIGHT_NONE, NULL);
        }
}

static void begin(struct turn *turn)
{
        if (turn->kind == TURN_CALL)
                source_answer(turn);
        else
                refresh_start((struct entry *)((char *)turn - offsetof(struct entry, turn)));
}

static void on_pump(uv_timer_t *timer)
{
        struct vault *v = timer->data;
        struct turn *turn = NULL;
        int64_t wait_ms = VAULT_TURN_MS;
        if (v->wipes_stack)
                secret_wipe_stack();
        v->wipes_stack = false;
        settle_all(v);
        for (unsigned i = 0; i < BEGIN_IN_ONE_TURN && (turn = endpoints_next(&v->endpoints, &wait_ms)); i++)
                begin(turn);
        // Not at once: a timer of 0 would fire in this turn of the loop, for ever where a waiter waits again each time.
        uv_timer_stop(&v->pump);
        bool is_soon = turn || !TAILQ_EMPTY(&v->settling);
        if (is_soon || wait_ms != SCHEDULE_NEVER)
                uv_timer_start(&v->pump, on_pump, is_soon ? VAULT_TURN_MS : clock_real_ms(v->deps.clock, wait_ms), 0);
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

static void on_tick(uv_timer_t *timer)
{
        struct vault *v = timer->data;
        int64_t wall_step_ms = wall_less_boot_ms(v) - v->wall_less_boot_ms;
        int64_t loop_step_ms = boot_less_loop_ms(v) - v->boot_less_loop_ms;
        if (llabs(wall_step_ms) > STEP_MS || llabs(loop_step_ms) > (int64_t)STEP_MS * v->deps.clock->speed)
                vault_replan(v);
}

void vault_replan(struct vault *v)
{
        v->wall_less_boot_ms = wall_less_boot_ms(v);
        v->boot_less_loop_ms = boot_less_loop_ms(v);
        for (struct entry *e = TAILQ_FIRST(&v->entries); e; e = TAILQ_NEXT(e, all))
                plan_again(e);
}

bool vault_is_busy(const struct vault *v)
{
        for (const struct entry *e = TAILQ_FIRST(&v->entries); e; e = TAILQ_NEXT(e, all)) {
                struct login_status login;
                entry_login_status(e, &login);
                if (entry_is_fetching(e) || e->is_running || login.state == LOGIN_STARTING ||
                    login.state == LOGIN_PENDING || login.state == LOGIN_ENDING)
                        return true;
        }
        return false;
}

void vault_set_pacing(struct vault *v, const struct vault_pacing *pacing)
{
        endpoints_set_pacing(&v->endpoints, pacing);
        vault_pump_soon(v);
}

// --- birth and end ---

struct vault *vault_new(const struct vault_deps *deps)
{
        struct vault *v = calloc(1, sizeof(*v));
        if (!v)
                return NULL;
        v->deps = *deps;
        v->on_pump = on_pump;
        v->endpoints.clock = deps->clock;
        TAILQ_INIT(&v->endpoints.list);
        TAILQ_INIT(&v->entries);
        TAILQ_INIT(&v->settling);
        endpoints_set_pacing(&v->endpoints, &(struct vault_pacing){0});
        v->unpaced = endpoint_join(&v->endpoints, "");
        if (!v->unpaced) {
                free(v);
                return NULL;
        }
        uv_timer_init(deps->loop, &v->pump); // cannot fail, nor can starting one
        uv_timer_init(deps->loop, &v->tick);
        v->pump.data = v;
        v->tick.data = v;
        v->open_handles = 2;
        v->wall_less_boot_ms = wall_less_boot_ms(v);
        v->boot_less_loop_ms = boot_less_loop_ms(v);
        uv_timer_start(&v->tick, on_tick, TICK_MS, TICK_MS);
        uv_unref((uv_handle_t *)&v->tick);
        return v;
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
        vault_free_when_done(v);
}
