// SPDX-License-Identifier: Apache-2.0
// Durations on the command line.
#ifndef CLIENTS_CLI_DURATION_H
#define CLIENTS_CLI_DURATION_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

// "90", "90s", "10m", "1h", "2d". 0, or -EINVAL, -ERANGE.
MUST_CHECK int duration_parse(struct slice text, int64_t *ret_s);

#endif
