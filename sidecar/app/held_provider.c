// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/held_provider.h"

#include <stdlib.h>

#include "sidecar/config/settings.h"
#include "sidecar/providers/login.h"
#include "sidecar/providers/provider.h"

struct held_provider {
        struct provider base; // first: the interface is cast back
        struct provider *inner;
        struct settings_ref *ref;
        const struct profile *next_profile; // where it moves at the end of the call under way
        struct settings_ref *next_ref;      // NULL: it stays
};

struct settings_ref *settings_ref_new(struct settings *settings)
{
        struct settings_ref *ref = calloc(1, sizeof(*ref));
        if (ref)
                *ref = (struct settings_ref){.settings = settings, .references = 1};
        return ref;
}

struct settings_ref *settings_ref_take(struct settings_ref *ref)
{
        ref->references++;
        return ref;
}

void settings_ref_drop(struct settings_ref *ref)
{
        if (!ref || --ref->references > 0)
                return;
        settings_free(ref->settings);
        free(ref);
}

static void move_now(struct held_provider *held)
{
        if (held->next_ref && provider_rebind(held->inner, held->next_profile)) {
                settings_ref_drop(held->ref);
                held->ref = held->next_ref;
        } else {
                settings_ref_drop(held->next_ref);
        }
        held->next_ref = NULL;
}

void held_provider_move(struct provider *p, const struct profile *profile, struct settings_ref *ref)
{
        struct held_provider *held = (struct held_provider *)p;
        settings_ref_drop(held->next_ref);
        held->next_profile = profile;
        held->next_ref = settings_ref_take(ref);
        if (!held->base.is_running)
                move_now(held);
}

static void inner_done(void *arg, struct credentials *c, const struct error *e)
{
        struct held_provider *held = arg;
        move_now(held);
        provider_finish(&held->base, c, e);
}

static int held_start(struct provider *p, struct error *e)
{
        struct held_provider *held = (struct held_provider *)p;
        return provider_start(held->inner, inner_done, held, e);
}

static void held_cancel(struct provider *p)
{
        provider_cancel(((struct held_provider *)p)->inner);
}

static void held_destroy(struct provider *p)
{
        struct held_provider *held = (struct held_provider *)p;
        provider_free(held->inner);
        settings_ref_drop(held->next_ref);
        settings_ref_drop(held->ref);
        free(held);
}

static int held_login(struct provider *p, struct slice token_code, struct error *e)
{
        return provider_login(((struct held_provider *)p)->inner, token_code, e);
}

static void held_login_status(const struct provider *p, struct login_status *ret)
{
        provider_login_status(((const struct held_provider *)p)->inner, ret);
}

static void inner_login_moved(void *arg)
{
        provider_login_moved(arg);
}

struct provider *held_provider_new(struct provider *inner, struct settings_ref *ref)
{
        static const struct provider_ops ops = {held_start, held_cancel, held_destroy};
        static const struct login_ops login = {held_login, held_login_status};
        struct held_provider *held = calloc(1, sizeof(*held));
        if (!held) {
                provider_free(inner);
                return NULL;
        }
        held->base.ops = &ops;
        held->base.facts = inner->facts;
        held->inner = inner;
        if (inner->login) {
                held->base.login = &login;
                inner->login_moved = inner_login_moved;
                inner->login_arg = &held->base;
        }
        held->ref = settings_ref_take(ref);
        return &held->base;
}
