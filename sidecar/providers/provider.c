// SPDX-License-Identifier: Apache-2.0
// Keeps the contract of provider.h: implementations report here, and a completion that comes twice, too early or
// empty is a bug that stops the process rather than a credential that goes astray.
#include "sidecar/providers/provider.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/wire/credentials.h"
#include "sidecar/config/profile.h"

int provider_start(struct provider *p, provider_done_fn *done, void *arg, struct error *e)
{
        assert(!p->is_running && done);
        p->done = done;
        p->arg = arg;
        p->is_running = true;
        p->is_starting = true;
        p->is_cancelled = false;
        int r = p->ops->start(p, e);
        p->is_starting = false;
        if (r < 0)
                p->is_running = false;
        return r < 0 ? -1 : 0;
}

void provider_cancel(struct provider *p)
{
        assert(!p->is_starting);
        if (!p->is_running)
                return;
        p->is_cancelled = true;
        if (p->ops->cancel)
                p->ops->cancel(p); // may complete, and so free `p`
}

void provider_free(struct provider *p)
{
        if (!p)
                return;
        assert(!p->is_running && !p->next_profile);
        const struct profile *profile = p->profile;
        if (p->ops->destroy)
                p->ops->destroy(p);
        else
                free(p);
        profile_release(profile);
}

static void take_next_profile(struct provider *p)
{
        if (!p->next_profile)
                return;
        profile_release(p->profile);
        p->profile = p->next_profile;
        p->next_profile = NULL;
}

void provider_set_profile(struct provider *p, const struct profile *profile)
{
        profile_hold(profile);
        profile_release(p->next_profile);
        p->next_profile = profile;
        if (!p->is_running)
                take_next_profile(p);
}

void provider_finish(struct provider *p, struct credentials *c, const struct error *e)
{
        assert(p->is_running && !p->is_starting);
        assert((c == NULL) != (e == NULL));
        provider_done_fn *done = p->done;
        void *arg = p->arg;
        struct error cancelled = {.kind = ERROR_NONE};
        if (p->is_cancelled) {
                (void)error_set(&cancelled, ERROR_CANCELLED, "cancelled");
                credentials_unref(c);
                c = NULL;
                e = &cancelled;
        }
        p->is_running = false; // first: the callee may start again, or free `p`
        p->is_cancelled = false;
        take_next_profile(p);
        done(arg, c, e);
}

int provider_login(struct provider *p, struct slice token_code, struct error *e)
{
        return p->login ? p->login->begin(p, token_code, e) : error_set(e, ERROR_CONFIG, "the profile takes no login");
}

int provider_logout(struct provider *p, struct error *e)
{
        return p->login ? p->login->end(p, e) : error_set(e, ERROR_CONFIG, "the profile takes no login");
}

void provider_login_status(const struct provider *p, struct login_status *ret)
{
        *ret = (struct login_status){.kind = LOGIN_NONE};
        if (p->login)
                p->login->status(p, ret);
}

void provider_login_moved(struct provider *p)
{
        if (p->login_moved)
                p->login_moved(p->login_arg);
}
