// SPDX-License-Identifier: Apache-2.0
// When: one timer an entry, set for the earliest of the next attempt, the end of what is held, and the moment at which
// an on-demand entry has been left alone for long enough. Decides nothing about how long to wait (schedule.c does).
//
// The timer runs in the event loop's time, everything else in boot time; a timer that comes early for whatever reason
// (the loop's time stood still while a callback ran) finds nothing due and is set anew.
#include "sidecar/vault/entry.h"

#include "proto/wire/limits.h"
#include "sidecar/vault/schedule.h"

// Longer waits are taken in pieces; no wait needs more.
#define LONGEST_WAIT_MS (INT64_C(24) * 3600 * 1000)

int64_t plan_clock_ms(const struct entry *e)
{
        return clock_boot_ms(e->vault->deps.clock);
}

int64_t plan_serve_until_ms(const struct vault *v, const struct credentials *c)
{
        const struct clock *clock = v->deps.clock;
        if (c->expires_s >= INT64_MAX / 4000) // never, or as good as that
                return ENTRY_NEVER;
        if (c->expires_s <= LIMIT_MIN_LIFE_S)
                return 0;
        int64_t wall_less_boot_ms =
            c->has_upstream_offset ? c->upstream_offset_ms : clock->wall_ms(clock->context) - clock_boot_ms(clock);
        return (c->expires_s - LIMIT_MIN_LIFE_S) * 1000 - wall_less_boot_ms;
}

static int64_t next_attempt_ms(const struct entry *e, int64_t now_ms)
{
        if (!e->is_wanted || e->is_refused || e->is_retired || e->is_running || entry_is_fetching(e) ||
            e->needs_interaction)
                return ENTRY_NEVER;
        const struct credentials *c = e->credentials;
        struct schedule_input in = {.now_s = entry_now_s(e),
                                    .before_s = e->before_s,
                                    .recheck_s = e->recheck_s,
                                    .failures = e->failures_in_row,
                                    .last_failure = e->last_failure,
                                    .random = e->random};
        if (e->successes > 0)
                in.last_success_s = in.now_s - (now_ms - e->last_success_ms) / 1000;
        if (c) {
                // What a later success found still good counts from that success: half of the rest is left to use.
                in.issued_s = c->issued_s > in.last_success_s ? c->issued_s : in.last_success_s;
                in.expires_s = c->expires_s;
                // A clock that was set back gives no life, see serve_at_most_ms. The odd second is for rounding.
                int64_t served_s = in.now_s + (e->serve_until_ms - now_ms) / 1000 + LIMIT_MIN_LIFE_S + 1;
                if (e->serve_until_ms != ENTRY_NEVER && served_s < in.expires_s)
                        in.expires_s = served_s;
        }
        int64_t delay_ms = schedule_next_ms(&in);
        return delay_ms == SCHEDULE_NEVER ? ENTRY_NEVER : now_ms + delay_ms;
}

void plan_refresh(struct entry *e)
{
        const struct vault_deps *deps = &e->vault->deps;
        e->random = deps->random(deps->random_context);
        e->next_refresh_ms = next_attempt_ms(e, plan_clock_ms(e));
        plan_arm(e);
}

void plan_again(struct entry *e)
{
        int64_t now_ms = plan_clock_ms(e);
        if (e->credentials) {
                int64_t until_ms = plan_serve_until_ms(e->vault, e->credentials);
                e->serve_until_ms = until_ms < e->serve_at_most_ms ? until_ms : e->serve_at_most_ms;
        }
        if (entry_may_serve(e, now_ms))
                e->is_expiry_reported = false;
        int64_t next_ms = next_attempt_ms(e, now_ms);
        if (e->failures_in_row == 0 || next_ms == ENTRY_NEVER || next_ms < e->next_refresh_ms)
                e->next_refresh_ms = next_ms;
        plan_arm(e);
}

void plan_no_later_than(struct entry *e, int64_t at_ms)
{
        if (at_ms >= e->next_refresh_ms)
                return;
        e->next_refresh_ms = at_ms;
        plan_arm(e);
}

// What is held cannot be had again without somebody's work.
static bool needs_interaction(const struct entry *e)
{
        bool waits = e->last_failure == ERROR_INTERACTION || e->last_failure == ERROR_CONFIG;
        return e->needs_interaction || (e->failures_in_row > 0 && waits);
}

static bool is_waiting_to_be_idle(const struct entry *e)
{
        bool is_kept = needs_interaction(e) && entry_may_serve(e, plan_clock_ms(e));
        return e->is_on_demand && e->is_wanted && !e->is_refused && !e->is_running && !entry_is_fetching(e) && !is_kept;
}

static void drop_idle(struct entry *e)
{
        bool held = e->credentials;
        e->is_wanted = false;
        entry_forget(e);
        e->next_refresh_ms = ENTRY_NEVER;
        if (held)
                entry_report(e, VAULT_DROPPED, 0, NULL);
}

static void on_timer(uv_timer_t *timer)
{
        struct entry *e = timer->data;
        int64_t now_ms = plan_clock_ms(e);
        if (e->credentials && !e->is_expiry_reported && !entry_may_serve(e, now_ms)) {
                e->is_expiry_reported = true;
                entry_report(e, VAULT_EXPIRED, 0, NULL);
        }
        if (is_waiting_to_be_idle(e) && now_ms - e->last_request_ms >= ENTRY_IDLE_MS)
                drop_idle(e);
        if (e->next_refresh_ms <= now_ms)
                refresh_request(e, waiters_are_there(e));
        plan_arm(e);
}

void plan_arm(struct entry *e)
{
        int64_t at_ms = e->next_refresh_ms;
        if (e->credentials && !e->is_expiry_reported && e->serve_until_ms < at_ms)
                at_ms = e->serve_until_ms;
        if (is_waiting_to_be_idle(e) && e->last_request_ms + ENTRY_IDLE_MS < at_ms)
                at_ms = e->last_request_ms + ENTRY_IDLE_MS;
        if (at_ms == ENTRY_NEVER || e->is_retired) {
                uv_timer_stop(&e->timer);
                return;
        }
        int64_t now_ms = plan_clock_ms(e);
        int64_t wait_ms = at_ms <= now_ms ? 0 : at_ms - now_ms;
        if (wait_ms > LONGEST_WAIT_MS)
                wait_ms = LONGEST_WAIT_MS;
        uv_timer_start(&e->timer, on_timer, clock_real_ms(e->vault->deps.clock, wait_ms), 0);
}
