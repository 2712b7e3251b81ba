// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/descriptors.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>

enum {
        OWN_N = 32,         // the loop, listeners, watches, the log
        FILES_N = 64,       // read by the pool and by workers; pipes of commands
        UPSTREAM_MAX = 256, // calls and idle connections upstream: a quarter of the limit, at most this
        SHARE = 4           // peers get a quarter, however low the limit is
};

// As this process was started. Only children read it, between fork() and exec(), where nothing can be handed to them.
static struct rlimit at_start;

static void restore_in_child(void)
{
        (void)setrlimit(RLIMIT_NOFILE, &at_start); // async-signal-safe; lowers the soft limit, which succeeds
}

size_t descriptors_raise(void)
{
        struct rlimit now;
        if (getrlimit(RLIMIT_NOFILE, &now) < 0)
                return SIZE_MAX;
        at_start = now;
        now.rlim_cur = now.rlim_max;
        if (at_start.rlim_cur < now.rlim_max && pthread_atfork(NULL, NULL, restore_in_child) == 0)
                (void)setrlimit(RLIMIT_NOFILE, &now);
        (void)getrlimit(RLIMIT_NOFILE, &now);
        return now.rlim_cur;
}

size_t descriptors_for_peers(size_t limit)
{
        size_t upstream = limit / SHARE < UPSTREAM_MAX ? limit / SHARE : UPSTREAM_MAX;
        size_t reserve = OWN_N + FILES_N + upstream;
        return limit / SHARE + reserve < limit ? limit - reserve : limit / SHARE;
}
