// SPDX-License-Identifier: Apache-2.0
// What an entry holds and can be asked, and the end of a generation, of an entry and of the vault. An entry is freed in
// the close callback of its timer, which is closed once it is retired and nothing is outstanding.
#include "sidecar/vault/entry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem/secret_pool.h"
#include "proto/wire/limits.h"

const char *entry_state_name(enum entry_state state)
{
        static const char *const names[] = {"empty", "fetching", "fresh", "stale", "expiring", "failed"};
        _Static_assert(sizeof(names) / sizeof(names[0]) == ENTRY_STATE_COUNT, "name every entry_state");
        return names[state];
}

// --- questions ---

const char *entry_name(const struct entry *e)
{
        return e->name;
}

bool entry_was_asked_for(const struct entry *e)
{
        return e->was_forced;
}

const char *entry_shown_name(const struct entry *e)
{
        return e->shown_name ? e->shown_name : e->name;
}

const struct provider_facts *entry_facts(const struct entry *e)
{
        return e->provider->facts;
}

uint64_t entry_generation(const struct entry *e)
{
        return e->generation;
}

int64_t entry_clock_ms(const struct entry *e)
{
        return clock_boot_ms(e->vault->deps.clock);
}

int64_t entry_now_s(const struct entry *e)
{
        return upstream_clock_now_s(&e->upstream, e->vault->deps.clock);
}

int64_t entry_ends_ms(const struct entry *e, const struct credentials *c)
{
        const struct clock *clock = e->vault->deps.clock;
        if (c->expires_s >= INT64_MAX / 4000) // never, or as good as that
                return SCHEDULE_NEVER;
        if (c->expires_s <= 0)
                return 0;
        int64_t wall_less_boot_ms =
            c->has_upstream_offset ? c->upstream_offset_ms : clock->wall_ms(clock->context) - clock_boot_ms(clock);
        return c->expires_s * 1000 - wall_less_boot_ms;
}

int64_t entry_left_at_ms(const struct entry *e, int64_t life_s)
{
        return e->ends_ms == SCHEDULE_NEVER ? SCHEDULE_NEVER : e->ends_ms - life_s * 1000;
}

bool entry_is_good(const struct entry *e, int64_t now_ms)
{
        return now_ms < entry_left_at_ms(e, LIMIT_MIN_LIFE_S);
}

bool entry_is_good_for(const struct entry *e, int64_t min_life_s, int64_t now_ms)
{
        return entry_is_good(e, now_ms) && min_life_s <= (e->ends_ms - now_ms) / 1000;
}

bool entry_may_serve(const struct entry *e, int64_t now_ms)
{
        return now_ms < entry_left_at_ms(e, LIMIT_LAST_LIFE_S);
}

bool entry_has_carry_over(const struct entry *e)
{
        return e->is_refused || entry_may_serve(e, entry_clock_ms(e));
}

bool entry_is_fetching(const struct entry *e)
{
        return e->turn.is_queued || (e->is_running && !e->is_cancelled);
}

bool entry_is_waited_for(const struct entry *e)
{
        const struct vault_waiter *w = TAILQ_FIRST(&e->waiters);
        while (w && w->want == VAULT_WANT_NEWER)
                w = TAILQ_NEXT(w, link);
        return w;
}

struct credentials *entry_peek(struct entry *e)
{
        e->last_request_ms = entry_clock_ms(e);
        return entry_is_good(e, e->last_request_ms) ? e->credentials : NULL;
}

bool entry_has_last_resort(const struct entry *e)
{
        int64_t now_ms = entry_clock_ms(e);
        return entry_may_serve(e, now_ms) && !entry_is_good(e, now_ms);
}

struct credentials *entry_last_resort(struct entry *e)
{
        if (entry_peek(e))
                return e->credentials;
        if (!entry_may_serve(e, e->last_request_ms))
                return NULL;
        e->served_expiring++;
        return e->credentials;
}

const struct entry_rendering *entry_rendering(const struct entry *e)
{
        return e->rendering.text.p ? &e->rendering : NULL;
}

static void wipe_rendering(struct entry *e)
{
        secret_pool_release(e->rendering.text.p, e->rendering.text.n);
        e->rendering = (struct entry_rendering){0};
}

const struct entry_rendering *entry_keep_rendering(struct entry *e, struct slice text, uint32_t mark, uint32_t form)
{
        assert(e->credentials && !(e->rendering.text.p && e->rendering.form == form));
        uint8_t *p = secret_pool_alloc(text.n);
        if (!p)
                return NULL;
        memcpy(p, text.p, text.n);
        wipe_rendering(e);
        e->rendering = (struct entry_rendering){{p, text.n}, mark, form};
        return &e->rendering;
}

static enum entry_state state_of(const struct entry *e, int64_t now_ms)
{
        if (entry_is_good(e, now_ms))
                return e->failures_in_row > 0 ? ENTRY_STALE : ENTRY_FRESH;
        if (entry_may_serve(e, now_ms))
                return ENTRY_EXPIRING;
        if (e->failures_in_row > 0 || e->credentials)
                return ENTRY_FAILED;
        return entry_is_fetching(e) ? ENTRY_FETCHING : ENTRY_EMPTY;
}

void entry_status(const struct entry *e, struct entry_status *ret)
{
        int64_t now_ms = entry_clock_ms(e), now_s = entry_now_s(e);
        const struct credentials *c = e->credentials;
        *ret = (struct entry_status){.state = state_of(e, now_ms),
                                     .is_fetching = entry_is_fetching(e),
                                     .generation = e->generation,
                                     .successes = e->successes,
                                     .failures = e->failures,
                                     .failures_in_row = e->failures_in_row,
                                     .served_expiring = e->served_expiring,
                                     .last_error = e->last_error};
        if (e->next_refresh_ms != SCHEDULE_NEVER)
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

void vault_pump_soon(struct vault *v)
{
        bool is_soon = uv_is_active((uv_handle_t *)&v->pump) && uv_timer_get_due_in(&v->pump) <= VAULT_TURN_MS;
        if (!is_soon)
                uv_timer_start(&v->pump, v->on_pump, 0, 0);
}

void vault_settle_soon(struct entry *e)
{
        if (e->is_settle_queued)
                return;
        e->is_settle_queued = true;
        TAILQ_INSERT_TAIL(&e->vault->settling, e, settling);
        vault_pump_soon(e->vault);
}

// --- the ends ---

void entry_wipe_derived(struct entry *e)
{
        wipe_rendering(e);
        if (e->credentials)
                credentials_drop_derived(e->credentials);
}

void entry_end_generation(struct entry *e)
{
        if (e->credentials) {
                e->vault->wipes_stack = true;
                vault_pump_soon(e->vault);
        }
        entry_wipe_derived(e);
        credentials_unref(e->credentials);
        e->credentials = NULL;
        e->ends_ms = 0;
        e->is_expiring_reported = e->is_expiry_reported = false;
}

void entry_forget(struct entry *e)
{
        entry_end_generation(e);
        e->known_end_ms = 0;
        e->failures_in_row = 0;
        entry_keep_error(e, NULL);
}

static void on_timer_closed(uv_handle_t *handle)
{
        struct entry *e = handle->data;
        struct vault *v = e->vault;
        entry_forget(e);
        provider_free(e->provider);
        TAILQ_REMOVE(&v->entries, e, all);
        endpoint_leave(e->turn.endpoint);
        free(e->shown_name);
        free(e);
        vault_free_when_done(v);
}

void entry_free_when_done(struct entry *e)
{
        bool is_busy = e->is_running || e->is_settle_queued || !TAILQ_EMPTY(&e->waiters) || !LIST_EMPTY(&e->calls);
        if (e->is_retired && !is_busy && !uv_is_closing((uv_handle_t *)&e->timer))
                uv_close((uv_handle_t *)&e->timer, on_timer_closed);
}

static void on_handle_closed(uv_handle_t *handle)
{
        struct vault *v = handle->data;
        if (--v->open_handles > 0)
                return;
        void (*closed)(void *) = v->closed;
        void *arg = v->closed_arg;
        endpoint_leave(v->unpaced);
        free(v);
        if (closed)
                closed(arg);
}

void vault_free_when_done(struct vault *v)
{
        if (!v->is_closing || !TAILQ_EMPTY(&v->entries) || uv_is_closing((uv_handle_t *)&v->pump))
                return;
        uv_close((uv_handle_t *)&v->pump, on_handle_closed);
        uv_close((uv_handle_t *)&v->tick, on_handle_closed);
}
