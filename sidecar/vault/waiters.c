// SPDX-License-Identifier: Apache-2.0
// Who waits for an entry. A waiter is judged by the entry's state, at entry_wait() (which only sees to it that
// something will happen) and again from the loop, where it is completed. A waiter leaves the list before it is called:
// whatever it does in its `done`, it meets a consistent entry.
#include "sidecar/vault/entry.h"

#include <assert.h>

#include "proto/wire/limits.h"

enum {
        DENIAL_HOLDS_MS = 5000,   // a refusal is not asked for again on request for this long
        FAILURE_HOLDS_MS = 1000,  // any other failure
        SUCCESS_HOLDS_MS = 30000, // a source that cannot give a longer life
        LAST_HOLDS_MS = 5000      // any attempt, in the last minute of what the source has
};

enum verdict { STAY, GIVE, FAIL };

// --- the verdict ---

// What the source gave last is in its last minute, which it may well know.
static bool is_last_minute(const struct entry *e, int64_t now_ms)
{
        int64_t left_ms = e->known_end_ms - now_ms;
        return left_ms > 0 && left_ms <= LIMIT_MIN_LIFE_S * INT64_C(1000);
}

// Nothing is left to serve, and nothing to be asked for before the end, which is near.
static enum verdict wait_for_the_end(struct entry *e)
{
        plan_no_later_than(e, e->known_end_ms);
        return STAY;
}

// After a failure: may a request have another attempt now? If not, either the error is the answer, or the next attempt
// is near enough to wait for.
static enum verdict judge_after_failure(struct entry *e, bool may_serve, int64_t now_ms)
{
        int64_t since_ms = now_ms - e->last_attempt_ms;
        bool is_last = is_last_minute(e, now_ms);
        bool is_denial = e->last_failure == ERROR_DENIED || e->last_failure == ERROR_CONFIG;
        bool is_interactive = e->last_failure == ERROR_INTERACTION;
        bool is_throttled = e->last_failure == ERROR_THROTTLED && e->next_refresh_ms != SCHEDULE_NEVER;
        int64_t holds_ms = is_denial        ? DENIAL_HOLDS_MS
                           : is_interactive ? 0
                           : is_last        ? LAST_HOLDS_MS
                                            : FAILURE_HOLDS_MS;
        if (!is_throttled && since_ms >= holds_ms) {
                plan_now(e, true);
                return STAY;
        }
        if (may_serve)
                return GIVE;
        if (is_denial)
                return FAIL;
        if (is_last && !is_throttled)
                return wait_for_the_end(e);
        if (!is_throttled)
                plan_no_later_than(e, e->last_attempt_ms + FAILURE_HOLDS_MS);
        return STAY;
}

static enum verdict judge_credentials(struct entry *e, const struct vault_waiter *w, enum flight flight)
{
        int64_t now_ms = entry_clock_ms(e);
        bool may_serve = entry_may_serve(e, now_ms);
        if (entry_is_good_for(e, e->needs_interaction ? 0 : w->min_life_s, now_ms))
                return GIVE;
        if (flight != FLIGHT_NONE)
                return may_serve ? GIVE : FAIL;
        if (entry_is_fetching(e)) {
                plan_now(e, true); // no second one: out of the queue's background
                bool is_late = now_ms - e->sought_ms >= ENTRY_PATIENCE_MS;
                return is_late && may_serve && !entry_is_good(e, now_ms) ? GIVE : STAY;
        }
        if (e->is_refused)
                return FAIL;
        if (e->failures_in_row > 0)
                return judge_after_failure(e, may_serve, now_ms);
        bool is_last = is_last_minute(e, now_ms);
        if (e->successes > 0 && now_ms - e->last_success_ms < (is_last ? LAST_HOLDS_MS : SUCCESS_HOLDS_MS)) {
                if (may_serve)
                        return GIVE;
                if (is_last)
                        return wait_for_the_end(e);
        }
        plan_now(e, true);
        return STAY;
}

static enum verdict judge_refresh(struct entry *e, enum flight flight)
{
        if (flight == FLIGHT_SUCCEEDED)
                return entry_may_serve(e, entry_clock_ms(e)) ? GIVE : FAIL;
        if (flight == FLIGHT_FAILED)
                return FAIL;
        e->is_forced = true;
        plan_now(e, true);
        return STAY;
}

static enum verdict judge_login(const struct entry *e)
{
        struct login_status status;
        entry_login_status(e, &status);
        return status.state == LOGIN_STARTING || status.state == LOGIN_ENDING ? STAY : GIVE;
}

static enum verdict judge(struct entry *e, const struct vault_waiter *w, enum flight flight)
{
        if (e->is_retired)
                return FAIL;
        switch (w->want) {
        case VAULT_WANT_NEWER:
                return e->generation > w->after_generation && entry_may_serve(e, entry_clock_ms(e)) ? GIVE : STAY;
        case VAULT_WANT_REFRESH:
                return judge_refresh(e, flight);
        case VAULT_WANT_LOGIN:
                return judge_login(e);
        case VAULT_WANT_CREDENTIALS:
        default:
                return judge_credentials(e, w, flight);
        }
}

// --- completion ---

static void explain(const struct entry *e, const struct error *failure, struct error *ret)
{
        const char *name = entry_shown_name(e);
        if (failure && !e->is_retired) {
                *ret = *failure;
                return;
        }
        bool is_refused = e->is_refused && !e->is_retired;
        if (e->last_error)
                *ret = *e->last_error;
        else if (e->is_retired)
                error_set(ret, ERROR_CANCELLED, "profile %s: the profile was removed", name);
        else if (is_refused)
                error_set(ret, ERROR_CANCELLED,
                          "profile %s: the credentials were dropped on request; a refresh is needed to get new ones",
                          name);
        else
                error_set(ret, ERROR_INTERNAL, "profile %s: no credentials; the cause was lost: out of memory", name);
        if (is_refused && e->last_error)
                error_context(ret, "the credentials were dropped on request, and the refresh since then failed");
        if (is_refused) {
                ret->kind = ERROR_CANCELLED; // nothing is tried by itself, so there is nothing to wait for
                error_hint(ret, "run: keyfob refresh %s", name);
        }
}

static void complete(struct entry *e, struct vault_waiter *w, bool is_given, const struct error *failure)
{
        struct error error;
        struct credentials *c = NULL;
        if (!is_given)
                explain(e, failure, &error);
        else if (w->want != VAULT_WANT_LOGIN)
                c = credentials_ref(e->credentials); // the callee may drop or retire the entry
        w->done(w, c, is_given ? NULL : &error);
        credentials_unref(c);
}

void waiters_settle(struct entry *e, enum flight flight, const struct error *failure)
{
        if (e->is_settling) { // from within a waiter of the same entry: when that is through
                vault_settle_soon(e);
                return;
        }
        struct vault_waiter last = {.want = VAULT_WANT_NEWER}; // those behind it have come meanwhile
        e->is_settling = true;
        TAILQ_INSERT_TAIL(&e->waiters, &last, link);
        struct vault_waiter *w;
        while ((w = TAILQ_FIRST(&e->waiters)) != &last) {
                enum verdict verdict = judge(e, w, flight);
                TAILQ_REMOVE(&e->waiters, w, link);
                if (verdict == STAY) {
                        TAILQ_INSERT_TAIL(&e->waiters, w, link);
                } else {
                        w->entry = NULL;
                        complete(e, w, verdict == GIVE, failure);
                }
        }
        TAILQ_REMOVE(&e->waiters, &last, link);
        e->is_settling = false;
        entry_free_when_done(e);
}

// --- the callers' side ---

void entry_wait(struct entry *e, enum vault_want want, struct vault_waiter *w)
{
        assert(!w->entry);
        w->entry = e;
        w->want = want;
        e->last_request_ms = entry_clock_ms(e);
        TAILQ_INSERT_TAIL(&e->waiters, w, link);
        if (judge(e, w, FLIGHT_NONE) != STAY)
                vault_settle_soon(e);
        else if (entry_has_last_resort(e))
                plan_arm(e); // for the end of its patience
}

void entry_wait_cancel(struct vault_waiter *w)
{
        struct entry *e = w->entry;
        if (!e)
                return;
        TAILQ_REMOVE(&e->waiters, w, link);
        w->entry = NULL;
        entry_free_when_done(e);
}
