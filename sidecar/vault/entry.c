// SPDX-License-Identifier: Apache-2.0
// The life of an entry from vault_add() to the last free(), and what can be asked of it. It is freed in one place: the
// close callback of its timer, which is closed once it is retired and nothing is outstanding.
#include "sidecar/vault/entry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem/secret_pool.h"
#include "proto/wire/limits.h"

const char *entry_state_name(enum entry_state state)
{
        static const char *const names[] = {"empty", "fetching", "fresh", "stale", "failed"};
        _Static_assert(sizeof(names) / sizeof(names[0]) == ENTRY_STATE_COUNT, "name every entry_state");
        return names[state];
}

const char *entry_shown_name(const struct entry *e)
{
        return e->shown_name ? e->shown_name : e->name;
}

// --- birth and settings ---

// Without memory it stays as it was.
static int take_shown_name(struct entry *e, const char *shown_name)
{
        bool is_same = !shown_name || (e->shown_name && strcmp(e->shown_name, shown_name) == 0);
        char *copy = is_same ? NULL : strdup(shown_name);
        if (is_same || !copy)
                return is_same ? 0 : -1;
        free(e->shown_name);
        e->shown_name = copy;
        return 0;
}

bool entry_has_carry_over(const struct entry *e)
{
        return e->is_refused || entry_may_serve(e, plan_clock_ms(e));
}

// What is held, and what was counted. Failures in a row were those of another source.
static void inherit(struct entry *e, const struct entry *from)
{
        e->generation = from->generation;
        e->successes = from->successes;
        e->failures = from->failures;
        e->last_success_ms = from->last_success_ms;
        e->last_request_ms = from->last_request_ms;
        e->is_refused = from->is_refused;
        if (!entry_may_serve(from, plan_clock_ms(from)))
                return;
        e->credentials = credentials_ref(from->credentials);
        e->upstream = from->upstream;
        e->serve_until_ms = from->serve_until_ms;
        e->serve_at_most_ms = from->serve_at_most_ms;
        e->is_wanted = true; // as long as somebody asks
}

static void begin(struct entry *e)
{
        bool needs_nobody = !e->needs_interaction || !e->credentials;
        if (e->is_wanted && !e->is_refused && needs_nobody)
                refresh_request(e, false);
        plan_arm(e); // what was inherited has an end
}

struct entry *vault_add(struct vault *v, const struct entry_options *options, struct provider *provider)
{
        size_t name_n = strlen(options->name);
        struct entry *e = v->is_closing ? NULL : calloc(1, sizeof(*e) + name_n + 1);
        if (e)
                e->bucket = bucket_join(v, options->upstream);
        if (e && e->bucket && take_shown_name(e, options->shown_name) < 0) {
                bucket_leave(e);
                e->bucket = NULL;
        }
        if (!e || !e->bucket) {
                free(e);
                provider_free(provider);
                return NULL;
        }
        memcpy(e->name, options->name, name_n);
        e->vault = v;
        e->provider = provider;
        e->owner = options->owner;
        e->generation = options->after_generation;
        e->before_s = options->refresh_before_seconds;
        e->recheck_s = options->recheck_seconds;
        e->is_on_demand = options->on_demand;
        e->needs_interaction = options->needs_interaction;
        e->is_wanted = !options->on_demand;
        e->next_refresh_ms = ENTRY_NEVER;
        e->waiters_tail = &e->waiters;
        uv_timer_init(v->deps.loop, &e->timer); // cannot fail
        e->timer.data = e;
        login_watch(e);
        TAILQ_INSERT_TAIL(&v->entries, e, all);
        if (options->carry_over)
                inherit(e, options->carry_over);
        begin(e);
        return e;
}

void entry_configure(struct entry *e, const struct entry_options *options)
{
        // Whatever is the same: what has failed may have been corrected in a file that the settings only name.
        if (e->failures_in_row > 0 && e->last_failure != ERROR_THROTTLED && e->next_refresh_ms != ENTRY_NEVER)
                plan_no_later_than(e, e->last_attempt_ms + ENTRY_CORRECTED_MS);
        e->owner = options->owner;
        (void)take_shown_name(e, options->shown_name);
        if (e->before_s == options->refresh_before_seconds && e->recheck_s == options->recheck_seconds &&
            e->is_on_demand == options->on_demand)
                return;
        e->before_s = options->refresh_before_seconds;
        e->recheck_s = options->recheck_seconds;
        if (e->is_on_demand != options->on_demand) {
                e->is_on_demand = options->on_demand;
                e->is_wanted = !options->on_demand || e->credentials || entry_is_fetching(e);
                e->last_request_ms = plan_clock_ms(e);
        }
        plan_again(e);
}

// --- the end ---

static void on_timer_closed(uv_handle_t *handle)
{
        struct entry *e = handle->data;
        struct vault *v = e->vault;
        entry_forget(e);
        provider_free(e->provider);
        TAILQ_REMOVE(&v->entries, e, all);
        bucket_leave(e);
        free(e->shown_name);
        free(e);
        vault_entry_gone(v);
}

void entry_free_when_done(struct entry *e)
{
        bool is_busy = e->is_running || e->is_settle_queued || e->waiters || e->detached || e->calls_open > 0;
        if (!e->is_retired || e->is_closing || is_busy)
                return;
        e->is_closing = true;
        uv_close((uv_handle_t *)&e->timer, on_timer_closed);
}

void entry_retire(struct entry *e, const struct error *reason)
{
        if (e->is_retired)
                return;
        struct error named = *reason;
        error_context(&named, "profile %s", entry_shown_name(e));
        entry_forget(e);
        entry_keep_error(e, &named);
        e->is_retired = true;
        plan_refresh(e);
        vault_settle_soon(e);
        refresh_abandon(e);
}

void entry_drop(struct entry *e)
{
        if (e->is_retired)
                return;
        entry_forget(e);
        e->is_refused = true;
        e->is_forced = e->is_outdated = false;
        // Whoever waits for the flight that is cancelled here is refused like everybody else; only who asks for a
        // refresh from now on gets one.
        for (struct vault_waiter *w = e->waiters; w; w = w->next)
                if (w->want == VAULT_WANT_REFRESH)
                        w->want = VAULT_WANT_CREDENTIALS;
        vault_settle_soon(e);
        refresh_abandon(e);
        plan_refresh(e);
        entry_report(e, VAULT_DROPPED, 0, NULL);
}

void entry_forget_rendering(struct entry *e)
{
        secret_pool_release(e->rendering.text.p, e->rendering.text.n);
        e->rendering = (struct entry_rendering){0};
}

void entry_forget(struct entry *e)
{
        credentials_unref(e->credentials);
        e->credentials = NULL;
        e->serve_until_ms = 0;
        entry_forget_rendering(e);
        e->is_expiry_reported = false;
        e->failures_in_row = 0;
        entry_keep_error(e, NULL);
}

// --- questions ---

const char *entry_name(const struct entry *e)
{
        return e->name;
}

const struct provider_facts *entry_facts(const struct entry *e)
{
        return e->provider->facts;
}

void *entry_owner(const struct entry *e)
{
        return e->owner;
}

uint64_t entry_generation(const struct entry *e)
{
        return e->generation;
}

int64_t entry_now_s(const struct entry *e)
{
        return upstream_clock_now_s(&e->upstream, e->vault->deps.clock);
}

bool entry_may_serve(const struct entry *e, int64_t now_ms)
{
        return now_ms < e->serve_until_ms;
}

bool entry_is_fetching(const struct entry *e)
{
        return e->queue != QUEUE_NONE || (e->is_running && !e->is_cancelled);
}

struct credentials *entry_peek(struct entry *e)
{
        e->last_request_ms = clock_boot_ms(e->vault->deps.clock);
        return entry_may_serve(e, e->last_request_ms) ? e->credentials : NULL;
}

const struct entry_rendering *entry_rendering(struct entry *e)
{
        return entry_peek(e) && e->rendering.text.p ? &e->rendering : NULL;
}

const struct entry_rendering *entry_keep_rendering(struct entry *e, struct slice text, size_t mark)
{
        assert(e->credentials && !e->rendering.text.p);
        uint8_t *p = secret_pool_alloc(text.n);
        if (!p)
                return NULL;
        memcpy(p, text.p, text.n);
        e->rendering = (struct entry_rendering){{p, text.n}, mark};
        return &e->rendering;
}

static enum entry_state state_of(const struct entry *e, int64_t now_ms)
{
        if (entry_may_serve(e, now_ms))
                return e->failures_in_row > 0 ? ENTRY_STALE : ENTRY_FRESH;
        if (e->failures_in_row > 0 || e->credentials)
                return ENTRY_FAILED;
        return entry_is_fetching(e) ? ENTRY_FETCHING : ENTRY_EMPTY;
}

void entry_status(const struct entry *e, struct entry_status *ret)
{
        int64_t now_ms = plan_clock_ms(e), now_s = entry_now_s(e);
        const struct credentials *c = e->credentials;
        *ret = (struct entry_status){.state = state_of(e, now_ms),
                                     .is_fetching = entry_is_fetching(e),
                                     .generation = e->generation,
                                     .successes = e->successes,
                                     .failures = e->failures,
                                     .failures_in_row = e->failures_in_row,
                                     .last_error = e->last_error};
        if (e->next_refresh_ms != ENTRY_NEVER)
                ret->next_refresh_s = now_s + (e->next_refresh_ms - now_ms) / 1000;
        if (e->successes > 0)
                ret->last_success_s = now_s - (now_ms - e->last_success_ms) / 1000;
        if (!c)
                return;
        ret->expires_s = c->expires_s;
        ret->assumed_role_arn = c->assumed_role_arn;
        ret->account_id =
            slice_is_empty(c->account_id) ? credentials_account_of_arn(c->assumed_role_arn) : c->account_id;
}

// --- news ---

void entry_keep_error(struct entry *e, const struct error *error)
{
        if (!error) {
                free(e->last_error);
                e->last_error = NULL;
                return;
        }
        if (!e->last_error)
                e->last_error = malloc(sizeof(*e->last_error));
        if (e->last_error) // else the kind alone is known
                *e->last_error = *error;
}

void entry_report(struct entry *e, enum vault_event event, int64_t duration_ms, const struct error *error)
{
        const struct vault_observer *observer = &e->vault->deps.observer;
        if (observer->event)
                observer->event(observer->context, e, event, duration_ms, error);
}
