// SPDX-License-Identifier: Apache-2.0
#include <sys/prctl.h>
#include <sys/resource.h>

#include "sidecar/base/hardening_dumps.h"

int hardening_forbid_dumps(struct error *e)
{
        static const struct rlimit none = {0, 0};
        if (setrlimit(RLIMIT_CORE, &none) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "forbid core dumps (RLIMIT_CORE)");
        if (prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "forbid tracing (PR_SET_DUMPABLE)");
        return 0;
}
