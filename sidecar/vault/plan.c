// SPDX-License-Identifier: Apache-2.0
// When: one timer an entry, set for the earliest of the next attempt, what happens to what is held (its last minute,
// its end), the moment at which those that wait in the last minute have waited long enough, and the one at which nobody
// has asked an on-demand entry for long enough. How long to wait is up to schedule.c.
//
// The timer runs in the event loop's time, everything else in boot time; a timer that comes early for whatever reason
// (the loop's time stood still while a callback ran) finds nothing due and is set anew.
#include "sidecar/vault/entry.h"

#include "proto/wire/limits.h"

enum { IDLE_MS = 15 * 60 * 1000 }; // an on-demand entry is dropped when nobody asked for this long

static enum turn_kind urgent_kind(const struct entry *e)
{
        if (!LIST_EMPTY(&e->calls))
                return TURN_BASE;
        return e->failures_in_row == 0 ? TURN_ASKED_FOR : TURN_FAILED;
}

// What a flight in the background is ordered by. Last are those that have nothing to lose because they have failed.
static int64_t loss_ms(const struct entry *e)
{
        int64_t now_ms = entry_clock_ms(e);
        if (entry_may_serve(e, now_ms))
                return e->ends_ms;
        return e->failures_in_row == 0 ? now_ms : SCHEDULE_NEVER;
}

void plan_now(struct entry *e, bool is_urgent)
{
        if (e->is_retired)
                return;
        e->is_wanted = true;
        e->next_refresh_ms = SCHEDULE_NEVER;
        if (!entry_is_fetching(e))
                e->sought_ms = entry_clock_ms(e);
        if (e->is_running) // if it is cancelled, those that still wait at its end ask again
                return;
        if (is_urgent)
                turn_queue(&e->turn, urgent_kind(e), 0);
        else
                turn_queue(&e->turn, TURN_BACKGROUND, loss_ms(e));
        vault_pump_soon(e->vault);
}

static int64_t next_attempt_ms(const struct entry *e, int64_t now_ms)
{
        if (!e->is_wanted || e->is_refused || e->is_retired || e->is_running || e->turn.is_queued ||
            e->needs_interaction)
                return SCHEDULE_NEVER;
        const struct credentials *c = e->credentials;
        bool has_known_end = now_ms < e->known_end_ms && e->known_end_ms != SCHEDULE_NEVER;
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
                // A clock that was set back adds no life, see serve_at_most_ms. The odd second is for rounding.
                int64_t ends_s = in.now_s + (e->ends_ms - now_ms) / 1000 + 1;
                if (e->ends_ms != SCHEDULE_NEVER && ends_s < in.expires_s)
                        in.expires_s = ends_s;
        } else if (has_known_end) {
                in.expires_s = in.now_s + (e->known_end_ms - now_ms) / 1000 + 1;
        }
        int64_t delay_ms = schedule_next_ms(&in);
        if (delay_ms == SCHEDULE_NEVER)
                return SCHEDULE_NEVER;
        return has_known_end && delay_ms > e->known_end_ms - now_ms ? e->known_end_ms : now_ms + delay_ms;
}

void plan_refresh(struct entry *e)
{
        const struct vault_deps *deps = &e->vault->deps;
        e->random = deps->random(deps->random_context);
        e->next_refresh_ms = next_attempt_ms(e, entry_clock_ms(e));
        plan_arm(e);
}

void plan_again(struct entry *e)
{
        int64_t now_ms = entry_clock_ms(e);
        if (e->credentials) {
                int64_t ends_ms = entry_ends_ms(e, e->credentials);
                bool is_known = e->known_end_ms == e->ends_ms;
                e->ends_ms = ends_ms < e->ends_at_most_ms ? ends_ms : e->ends_at_most_ms;
                e->known_end_ms = is_known ? e->ends_ms : e->known_end_ms;
        }
        e->is_expiring_reported = e->is_expiring_reported && !entry_is_good(e, now_ms);
        e->is_expiry_reported = e->is_expiry_reported && !entry_may_serve(e, now_ms);
        int64_t next_ms = next_attempt_ms(e, now_ms);
        if (e->failures_in_row == 0 || next_ms == SCHEDULE_NEVER || next_ms < e->next_refresh_ms)
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

// The credentials cannot be had again until a user or an operator does something.
static bool is_hard_to_replace(const struct entry *e)
{
        bool needs_work = e->last_failure == ERROR_INTERACTION || e->last_failure == ERROR_CONFIG;
        return e->needs_interaction || (e->failures_in_row > 0 && needs_work);
}

static bool may_become_idle(const struct entry *e)
{
        bool is_kept = is_hard_to_replace(e) && entry_may_serve(e, entry_clock_ms(e));
        return e->is_on_demand && e->is_wanted && !e->is_refused && !e->is_running && !e->turn.is_queued && !is_kept;
}

// The source is asked at their end, and may take a moment.
static int64_t expiry_report_ms(const struct entry *e)
{
        return e->ends_ms == SCHEDULE_NEVER ? SCHEDULE_NEVER : e->ends_ms + ENTRY_PATIENCE_MS;
}

// When those that wait in the last minute get what there is; SCHEDULE_NEVER: nobody does.
static int64_t patience_ends_ms(const struct entry *e)
{
        bool waits = !TAILQ_EMPTY(&e->waiters) && entry_is_fetching(e) && entry_has_last_resort(e);
        return waits ? e->sought_ms + ENTRY_PATIENCE_MS : SCHEDULE_NEVER;
}

static void on_timer(uv_timer_t *timer)
{
        struct entry *e = timer->data;
        int64_t now_ms = entry_clock_ms(e);
        if (e->credentials && !e->is_expiring_reported && !entry_is_good(e, now_ms)) {
                e->is_expiring_reported = true;
                if (entry_may_serve(e, now_ms))
                        entry_report(e, VAULT_EXPIRING, 0, NULL);
        }
        if (patience_ends_ms(e) <= now_ms)
                vault_settle_soon(e);
        if (e->credentials && !e->is_expiry_reported && now_ms >= expiry_report_ms(e)) {
                e->is_expiry_reported = true;
                entry_wipe_derived(e); // the credentials stay: a clock that is wrong may be corrected
                entry_report(e, VAULT_EXPIRED, 0, NULL);
        }
        if (may_become_idle(e) && now_ms - e->last_request_ms >= IDLE_MS) {
                bool is_held = e->credentials;
                e->is_wanted = false;
                e->next_refresh_ms = SCHEDULE_NEVER;
                entry_forget(e);
                e->was_forced = false;
                if (is_held)
                        entry_report(e, VAULT_DROPPED, 0, NULL);
        }
        if (e->next_refresh_ms <= now_ms)
                plan_now(e, entry_is_waited_for(e));
        plan_arm(e);
}

void plan_arm(struct entry *e)
{
        int64_t at_ms = e->next_refresh_ms;
        int64_t now_ms = entry_clock_ms(e), patience_ms = patience_ends_ms(e);
        int64_t last_minute_ms = entry_left_at_ms(e, LIMIT_MIN_LIFE_S);
        int64_t expired_ms = expiry_report_ms(e);
        if (e->credentials && !e->is_expiring_reported && last_minute_ms < at_ms)
                at_ms = last_minute_ms;
        if (e->credentials && !e->is_expiry_reported && expired_ms < at_ms)
                at_ms = expired_ms;
        if (patience_ms > now_ms && patience_ms < at_ms)
                at_ms = patience_ms;
        if (may_become_idle(e) && e->last_request_ms + IDLE_MS < at_ms)
                at_ms = e->last_request_ms + IDLE_MS;
        uint64_t real_ms = clock_real_ms(e->vault->deps.clock, at_ms - now_ms);
        if (at_ms == SCHEDULE_NEVER || e->is_retired)
                uv_timer_stop(&e->timer);
        else
                uv_timer_start(&e->timer, on_timer, real_ms, 0);
}
