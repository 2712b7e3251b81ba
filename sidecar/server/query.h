// SPDX-License-Identifier: Apache-2.0
// Parameters of a request's query.
#ifndef SIDECAR_SERVER_QUERY_H
#define SIDECAR_SERVER_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/mem/slice.h"

struct query_parameter {
        struct slice name, value; // as written
};

// Takes the first parameter off *rest. False: there is none left.
bool query_next(struct slice *rest, struct query_parameter *ret);

// A length of time: digits, with s, m, h or d behind them or nothing, which means seconds. 0, or -1.
int query_seconds(struct slice value, int64_t *ret_s);

#endif
