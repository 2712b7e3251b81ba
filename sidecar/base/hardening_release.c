// SPDX-License-Identifier: Apache-2.0
#include <sys/prctl.h>
#include <sys/resource.h>

#include "sidecar/base/hardening_parts.h"

int hardening_forbid_dumps(struct error *e)
{
        const struct rlimit none = {0, 0};
        if (setrlimit(RLIMIT_CORE, &none) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "forbid core dumps");
        // Also keeps /proc/self/mem and ptrace from other processes of the same user.
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "PR_SET_DUMPABLE");
        return 0;
}
