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
        vault_settle_soon(e);
}

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
