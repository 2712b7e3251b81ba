// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/hardening.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "sidecar/base/hardening_dumps.h"

int hardening_apply(struct error *e)
{
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        (void)umask(077);
        // A write to a peer that has gone is an error of that connection, not the end of the process.
        if (sigaction(SIGPIPE, &ignore, NULL) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "ignore SIGPIPE");
        if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "forbid new privileges (PR_SET_NO_NEW_PRIVS)");
        return hardening_forbid_dumps(e);
}
