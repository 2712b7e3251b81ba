// SPDX-License-Identifier: Apache-2.0
// The signals that the agent obeys: SIGTERM, SIGINT, SIGHUP.
#ifndef SIDECAR_APP_SIGNALS_H
#define SIDECAR_APP_SIGNALS_H

#include <uv.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

enum { SIGNALS_N = 3 };

// Part of its owner's memory; the members are its own.
struct signals {
        uv_signal_t handles[SIGNALS_N];
        void (*arrived)(void *arg, int number);
        void *arg;
};

// Calls `arrived` from the loop for each of them. 0, or -1 with *e. Either way to be ended with signals_close().
MUST_CHECK int signals_watch(struct signals *s, uv_loop_t *loop, void (*arrived)(void *arg, int number), void *arg,
                             struct error *e);

// The memory must stay until the loop has run.
void signals_close(struct signals *s);

#endif
