// SPDX-License-Identifier: Apache-2.0
// A profile of somebody else's file that cannot be used: it is there, and every fetch says why it is of no use. Loop
// thread only.
#include <stdlib.h>

#include "sidecar/config/profile.h"
#include "sidecar/io/defer.h"
#include "sidecar/providers/sources.h"

struct fault {
        struct provider base; // first: the interface is cast back
        struct uv_loop_s *loop;
        bool is_cancelled;
};

static void fault_due(void *arg)
{
        struct fault *f = arg;
        struct error e = {0};
        if (f->is_cancelled) {
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        } else {
                (void)error_set(&e, ERROR_CONFIG, "%s", f->base.profile->fault);
                (void)error_hint(&e, "%s", f->base.profile->fault_hint ? f->base.profile->fault_hint : "");
        }
        provider_finish(&f->base, NULL, &e);
}

static int fault_start(struct provider *p, struct error *e)
{
        struct fault *f = (struct fault *)p;
        f->is_cancelled = false;
        return defer_start(f->loop, fault_due, f) ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}

static void fault_cancel(struct provider *p)
{
        ((struct fault *)p)->is_cancelled = true; // told from the loop, at the deferral's turn
}

static void fault_destroy(struct provider *p)
{
        free(p);
}

int provider_fault_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                       struct error *e)
{
        static const struct provider_ops ops = {fault_start, fault_cancel, fault_destroy};
        struct fault *f = calloc(1, sizeof(*f));
        if (!f)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        *f = (struct fault){.base = {.ops = &ops, .profile = profile}, .loop = deps->loop};
        *ret = &f->base;
        return 0;
}
