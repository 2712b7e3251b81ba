// SPDX-License-Identifier: Apache-2.0
// The flight: one call of the provider at a time, and what becomes of its result. A failure never touches what is held
// and valid.
#include "sidecar/vault/entry.h"

#include "proto/mem/time.h"
#include "proto/wire/limits.h"

enum { ROUNDING_MS = 1000 }; // ends that differ by no more are the same

void refresh_abandon(struct entry *e)
{
        turn_unqueue(&e->turn);
        if (!e->is_running || e->is_cancelled)
                return;
        e->is_cancelled = true;
        provider_cancel(e->provider); // may complete within
}

static void fail(struct entry *e, const struct error *error, int64_t duration_ms)
{
        struct error named = *error;
        error_context(&named, "profile %s", entry_shown_name(e));
        e->failures++;
        e->failures_in_row++;
        e->last_failure = named.kind;
        entry_keep_error(e, &named);
        e->was_forced = e->is_forced;
        e->is_forced = false;
        plan_refresh(e);
        entry_report(e, VAULT_REFRESH_FAILED, duration_ms, &named);
        waiters_settle(e, FLIGHT_FAILED, &named);
}

static bool is_same(const struct credentials *a, const struct credentials *b)
{
        return a->expires_s == b->expires_s && slice_eq(a->access_key_id, b->access_key_id) &&
               slice_eq_constant_time(a->secret_access_key, b->secret_access_key) &&
               slice_eq_constant_time(a->session_token, b->session_token);
}

static bool is_known_to_differ(struct slice a, struct slice b)
{
        return !slice_is_empty(a) && !slice_is_empty(b) && !slice_eq(a, b);
}

// After a refresh that nobody asked for, the same credentials and credentials that end sooner do not replace what is
// held. They do where what is held was issued in the future (a clock was set back, and its end means nothing), never
// ends (it would stay for ever), or is another account's or role's (the source was changed).
static bool is_better_kept(const struct entry *e, const struct credentials *c, int64_t now_ms)
{
        const struct credentials *held = e->credentials;
        if (!held || e->is_forced || held->issued_s > c->issued_s || !entry_may_serve(e, now_ms))
                return false;
        if (is_same(held, c))
                return true;
        if (held->expires_s == CREDENTIALS_NEVER_EXPIRE || is_known_to_differ(held->account_id, c->account_id) ||
            is_known_to_differ(held->assumed_role_arn, c->assumed_role_arn))
                return false;
        return entry_ends_ms(e, c) < e->ends_ms - ROUNDING_MS;
}

static void take(struct entry *e, struct credentials *c)
{
        entry_end_generation(e);
        e->credentials = c;
        e->generation++;
        e->upstream = (struct upstream_clock){.known = c->has_upstream_offset, .offset_ms = c->upstream_offset_ms};
        e->ends_ms = entry_ends_ms(e, c);
        e->ends_at_most_ms = e->ends_ms;
}

static void succeed(struct entry *e, struct credentials *c, int64_t now_ms, int64_t duration_ms)
{
        bool is_kept = is_better_kept(e, c, now_ms);
        if (is_kept)
                credentials_unref(c);
        else
                take(e, c);
        e->successes++;
        e->last_success_ms = now_ms;
        e->failures_in_row = 0;
        entry_keep_error(e, NULL);
        e->is_refused = false;
        e->was_forced = e->is_forced;
        e->is_forced = false;
        plan_refresh(e);
        entry_report(e, is_kept ? VAULT_REFRESHED : VAULT_ROTATED, duration_ms, NULL);
        waiters_settle(e, FLIGHT_SUCCEEDED, NULL);
}

// Transient: the source may have others at their end, and is asked then.
// What the source gave must live longer than this: of no use is what may not be served, nor what is in its last minute
// while what is held is not.
static int64_t least_life_s(const struct entry *e, int64_t now_ms)
{
        return entry_is_good(e, now_ms) ? LIMIT_MIN_LIFE_S : LIMIT_LAST_LIFE_S;
}

// Transient: the source may have others at their end, and is asked then.
static void set_too_short(const struct credentials *c, int64_t least_s, struct error *ret)
{
        char until[TIME_RFC3339_SIZE];
        time_show(c->expires_s, until);
        error_set(ret, ERROR_TRANSIENT, "the source returned credentials that expire at %s, less than %lld s from now",
                  until, (long long)least_s);
        error_hint(ret, "wait: the source is asked again at that time; if it lasts, ask it for a longer session%s",
                   c->has_upstream_offset ? "" : ", or correct this machine's clock");
}

static void on_done(void *arg, struct credentials *c, const struct error *error)
{
        struct entry *e = arg;
        int64_t now_ms = entry_clock_ms(e);
        int64_t duration_ms = now_ms - e->last_attempt_ms;
        struct error too_short;
        int64_t least_s = least_life_s(e, now_ms);
        bool is_outdated = e->is_outdated; // it began before a login: its credentials are of use, its failure is not
        e->is_outdated = false;
        e->is_running = false;
        turn_end_flight(&e->turn);
        vault_pump_soon(e->vault); // others may begin
        e->last_attempt_ms = now_ms;
        if (c && !e->is_cancelled)
                e->known_end_ms = entry_ends_ms(e, c);
        if (e->is_cancelled) { // and came without credentials
                e->is_cancelled = false;
                vault_settle_soon(e); // those that asked meanwhile ask again; a retired entry is freed
        } else if (!c && !is_outdated) {
                fail(e, error, duration_ms);
        } else if (c && entry_ends_ms(e, c) - now_ms <= least_s * 1000) {
                set_too_short(c, least_s, &too_short);
                credentials_unref(c);
                fail(e, &too_short, duration_ms);
        } else if (c) {
                succeed(e, c, now_ms, duration_ms);
        }
        if (is_outdated) {
                e->is_forced = true;
                plan_now(e, true);
        }
}

void refresh_start(struct entry *e)
{
        struct error error = {.kind = ERROR_INTERNAL};
        struct vault *v = e->vault;
        e->is_running = true;
        turn_begin_flight(&e->turn);
        e->last_attempt_ms = entry_clock_ms(e);
        v->starting = e;
        int r = provider_start(e->provider, on_done, e, &error);
        v->starting = NULL;
        if (r == 0)
                return;
        e->is_running = false;
        turn_end_flight(&e->turn);
        fail(e, &error, 0);
}
