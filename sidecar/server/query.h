// SPDX-License-Identifier: Apache-2.0
// Parameters of a request's query.
#ifndef SIDECAR_SERVER_QUERY_H
#define SIDECAR_SERVER_QUERY_H

#include "proto/mem/slice.h"

struct query_parameter {
        struct slice name, value; // as written
};

// Takes the first parameter off *rest. False: there is none left.
bool query_next(struct slice *rest, struct query_parameter *ret);

#endif
