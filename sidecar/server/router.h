// SPDX-License-Identifier: Apache-2.0
// Routes a request by its head: path, method, profile, access.
#ifndef SIDECAR_SERVER_ROUTER_H
#define SIDECAR_SERVER_ROUTER_H

#include <stdbool.h>

#include "proto/mem/must_check.h"

struct exchange;

// Sets api, route and profile by x->head. False: the exchange was answered with a problem.
MUST_CHECK bool router_route(struct exchange *x);

// Sets path and query by x->head.
void router_split_target(struct exchange *x);

#endif
