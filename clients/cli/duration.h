// SPDX-License-Identifier: Apache-2.0
// Lengths of time as people write them on a command line.
#ifndef CLIENTS_CLI_DURATION_H
#define CLIENTS_CLI_DURATION_H

#include "proto/mem/slice.h"

// "90", "90s", "10m", "1h", "2d". 0, or -EINVAL, -ERANGE.
int duration_parse(struct slice text, int64_t *ret_s);

#endif
