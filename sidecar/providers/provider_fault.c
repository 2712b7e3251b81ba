// SPDX-License-Identifier: Apache-2.0
// A profile of a shared file that cannot be used: it is there, and every fetch fails with the reason.
#include "sidecar/config/profile.h"
#include "sidecar/providers/sources.h"

static int fault_start(struct provider *p, struct error *e)
{
        (void)error_set(e, ERROR_CONFIG, "%s", p->profile->fault);
        return error_hint(e, "%s", p->profile->fault_hint ? p->profile->fault_hint : "");
}

const struct provider_ops source_fault = {.start = fault_start, .size = sizeof(struct provider)};
