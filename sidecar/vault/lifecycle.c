// SPDX-License-Identifier: Apache-2.0
// How an entry is added, configured, dropped and retired.
#include "sidecar/vault/entry.h"

#include <stdlib.h>
#include <string.h>

// From an attempt that failed to the next, when the configuration was read again.
enum { CORRECTED_MS = 5 * 1000 };

// Out of memory: it stays as it was.
MUST_CHECK static int take_shown_name(struct entry *e, const char *shown_name)
{
        if (!shown_name || (e->shown_name && strcmp(e->shown_name, shown_name) == 0))
                return 0;
        char *copy = strdup(shown_name);
        if (!copy)
                return -1;
        free(e->shown_name);
        e->shown_name = copy;
        return 0;
}

// The credentials and the counters. Failures in a row were those of another source.
static void carry_over(struct entry *e, const struct entry *from)
{
        e->generation = from->generation;
        e->successes = from->successes;
        e->failures = from->failures;
        e->served_expiring = from->served_expiring;
        e->last_success_ms = from->last_success_ms;
        e->last_request_ms = from->last_request_ms;
        e->is_refused = from->is_refused;
        if (!entry_may_serve(from, entry_clock_ms(from)))
                return;
        e->credentials = credentials_ref(from->credentials);
        e->upstream = from->upstream;
        e->ends_ms = from->ends_ms;
        e->ends_at_most_ms = from->ends_at_most_ms;
        e->known_end_ms = from->known_end_ms;
        e->is_wanted = true; // while clients ask
}

// NULL: out of memory.
static struct entry *new_entry(struct vault *v, const struct entry_options *options)
{
        size_t name_n = strlen(options->name);
        struct entry *e = calloc(1, sizeof(*e) + name_n + 1);
        if (!e)
                return NULL;
        e->turn.endpoint = endpoint_join(&v->endpoints, options->upstream ? options->upstream : "");
        if (e->turn.endpoint && take_shown_name(e, options->shown_name) == 0) {
                memcpy(e->name, options->name, name_n);
                return e;
        }
        if (e->turn.endpoint)
                endpoint_leave(e->turn.endpoint);
        free(e);
        return NULL;
}

struct entry *vault_add(struct vault *v, const struct entry_options *options, struct provider *provider)
{
        struct entry *e = v->is_closing ? NULL : new_entry(v, options);
        if (!e) {
                provider_free(provider);
                return NULL;
        }
        e->vault = v;
        e->provider = provider;
        e->generation = options->after_generation;
        e->before_s = options->refresh_before_seconds;
        e->recheck_s = options->recheck_seconds;
        e->is_on_demand = options->on_demand;
        e->needs_interaction = options->needs_interaction;
        e->is_wanted = !options->on_demand;
        e->next_refresh_ms = SCHEDULE_NEVER;
        TAILQ_INIT(&e->waiters);
        uv_timer_init(v->deps.loop, &e->timer); // cannot fail
        e->timer.data = e;
        login_watch(e);
        TAILQ_INSERT_TAIL(&v->entries, e, all);
        if (options->carry_over)
                carry_over(e, options->carry_over);
        if (e->is_wanted && !e->is_refused && (!e->needs_interaction || !e->credentials))
                plan_now(e, false);
        plan_arm(e); // for the end of what was carried over
        return e;
}

void entry_configure(struct entry *e, const struct entry_options *options)
{
        // Even with the same options: the cause of a failure may have been corrected in a file that they only name.
        if (e->failures_in_row > 0 && e->last_failure != ERROR_THROTTLED && e->next_refresh_ms != SCHEDULE_NEVER)
                plan_no_later_than(e, e->last_attempt_ms + CORRECTED_MS);
        (void)!take_shown_name(e, options->shown_name);
        if (e->before_s == options->refresh_before_seconds && e->recheck_s == options->recheck_seconds &&
            e->is_on_demand == options->on_demand)
                return;
        e->before_s = options->refresh_before_seconds;
        e->recheck_s = options->recheck_seconds;
        if (e->is_on_demand != options->on_demand) {
                e->is_on_demand = options->on_demand;
                e->is_wanted = !options->on_demand || e->credentials || entry_is_fetching(e);
                e->last_request_ms = entry_clock_ms(e);
        }
        plan_again(e);
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
        bool is_news = !e->is_refused; // dropping what is dropped is not
        entry_forget(e);
        e->is_refused = true;
        e->is_forced = e->is_outdated = false;
        // Whoever waits for the flight that is cancelled here is refused like everybody else; only who asks for a
        // refresh from now on gets one.
        struct vault_waiter *w;
        TAILQ_FOREACH(w, &e->waiters, link)
        if (w->want == VAULT_WANT_REFRESH)
                w->want = VAULT_WANT_CREDENTIALS;
        vault_settle_soon(e);
        refresh_abandon(e);
        plan_refresh(e);
        e->was_forced = true;
        if (is_news)
                entry_report(e, VAULT_DROPPED, 0, NULL);
}
