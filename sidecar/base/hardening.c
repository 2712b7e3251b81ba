// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/hardening.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sidecar/base/hardening_dumps.h"

// A process may be started without some of them. The next socket would take their number, and what is meant for
// standard error would go to a client.
static int hold_standard_descriptors(struct error *e)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_NOCTTY) != fd)
                        return error_set_errno(e, ERROR_INTERNAL, "open /dev/null in place of descriptor %d", fd);
        return 0;
}

int hardening_apply(struct error *e)
{
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        (void)umask(077);
        if (hold_standard_descriptors(e) < 0)
                return -1;
        // A write to a peer that has gone is an error of that connection, not the end of the process.
        if (sigaction(SIGPIPE, &ignore, NULL) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "ignore SIGPIPE");
        // A file that may grow no further (RLIMIT_FSIZE) is a failure like a full disk.
        if (sigaction(SIGXFSZ, &ignore, NULL) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "ignore SIGXFSZ");
        if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "forbid new privileges (PR_SET_NO_NEW_PRIVS)");
        return hardening_forbid_dumps(e);
}
