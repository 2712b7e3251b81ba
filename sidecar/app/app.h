// SPDX-License-Identifier: Apache-2.0
// The composition root: makes every layer, wires them, runs the loop, takes them down in reverse.
#ifndef SIDECAR_APP_APP_H
#define SIDECAR_APP_APP_H

#include "proto/mem/must_check.h"

struct clock;
struct env;
struct options;

// The whole life of the agent; returns the exit status (0, 1, 78). What went wrong is on standard error.
MUST_CHECK int app_run(const struct options *options, const struct env *env, const struct clock *clock);

#endif
