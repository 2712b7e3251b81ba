// SPDX-License-Identifier: Apache-2.0
// Credentials that need a user: the provider knows what has to be done, and does it.
#include "sidecar/vault/entry.h"

static void on_moved(void *arg)
{
        struct entry *e = arg;
        struct login_status status;
        if (e->is_retired)
                return;
        entry_login_status(e, &status);
        if (status.state == LOGIN_COMPLETE) { // perhaps of another user: the result replaces what is held
                e->is_outdated = e->is_running;
                e->is_forced = e->is_forced || !e->is_running;
                plan_now(e, true);
        }
        if (status.state == LOGIN_IDLE && e->is_wanted && !e->credentials) // after a log-out: it says what is needed
                plan_now(e, false);
        vault_settle_soon(e);
}

// --- logging out ---

static void wipe(struct entry *e)
{
        entry_forget(e);
        e->is_forced = e->is_outdated = false;
        e->is_wanted = !e->is_on_demand;
        vault_settle_soon(e);
        refresh_abandon(e);
        entry_report(e, VAULT_DROPPED, 0, NULL);
        if (e->is_wanted && !e->is_refused)
                plan_now(e, false);
        else
                plan_refresh(e);
}

// The entry that this one is chained on, or NULL.
static const struct entry *base_of(struct entry *e)
{
        const struct credentials_source *source = &e->provider->source;
        return source->get == entry_source(e).get ? source->context : NULL;
}

// Marks what is chained on what is marked. False: that was all.
static bool mark_more(struct vault *v)
{
        bool is_more = false;
        struct entry *e;
        TAILQ_FOREACH(e, &v->entries, all)
        {
                const struct entry *base = base_of(e);
                if (e->is_logged_out || !base || !base->is_logged_out)
                        continue;
                e->is_logged_out = true;
                is_more = true;
        }
        return is_more;
}

int entry_logout(struct entry *entry, struct error *error)
{
        struct vault *v = entry->vault;
        struct entry *e;
        if (entry->is_retired)
                return error_set(error, ERROR_CANCELLED, "profile %s: the profile was removed",
                                 entry_shown_name(entry));
        if (provider_logout(entry->provider, error) < 0)
                return error_context(error, "profile %s", entry_shown_name(entry));
        entry->is_logged_out = true;
        while (mark_more(v))
                ;
        TAILQ_FOREACH(e, &v->entries, all)
        {
                if (!e->is_logged_out)
                        continue;
                e->is_logged_out = false;
                if (!e->is_retired)
                        wipe(e);
        }
        return 0;
}

// --- logging in ---

void login_watch(struct entry *e)
{
        e->provider->login_moved = on_moved;
        e->provider->login_arg = e;
}

void entry_login_status(const struct entry *e, struct login_status *ret)
{
        provider_login_status(e->provider, ret);
}

int entry_login(struct entry *e, struct slice token_code, struct error *error)
{
        if (!e->is_retired && provider_login(e->provider, token_code, error) == 0)
                return 0;
        return e->is_retired
                   ? error_set(error, ERROR_CANCELLED, "profile %s: the profile was removed", entry_shown_name(e))
                   : error_context(error, "profile %s", entry_shown_name(e));
}
