// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/held_provider.h"

#include <stdlib.h>

#include "sidecar/config/settings.h"
#include "sidecar/providers/provider.h"

struct held_provider {
        struct provider base; // first: the interface is cast back
        struct provider *inner;
        struct settings_ref *ref;
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

static void inner_done(void *arg, struct credentials *c, const struct error *e)
{
        struct held_provider *held = arg;
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
        settings_ref_drop(held->ref);
        free(held);
}

struct provider *held_provider_new(struct provider *inner, struct settings_ref *ref)
{
        static const struct provider_ops ops = {held_start, held_cancel, held_destroy};
        struct held_provider *held = calloc(1, sizeof(*held));
        if (!held) {
                provider_free(inner);
                return NULL;
        }
        held->base.ops = &ops;
        held->inner = inner;
        held->ref = settings_ref_take(ref);
        return &held->base;
}
