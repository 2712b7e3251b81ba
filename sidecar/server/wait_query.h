// SPDX-License-Identifier: Apache-2.0
// The parameter ?wait=SECONDS, and waiting for a profile without credentials.
#ifndef SIDECAR_SERVER_WAIT_QUERY_H
#define SIDECAR_SERVER_WAIT_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/mem/must_check.h"

struct exchange;

#define WAIT_NOT_GIVEN (-1)

// Reads the query, in which only `wait` may be. *ret_ms: WAIT_NOT_GIVEN when it is absent. 0, or -1: answered with 400.
MUST_CHECK int wait_query_read(struct exchange *x, int64_t *ret_ms);

// For paths without parameters: true if the request has a query, which was answered with 400.
MUST_CHECK bool query_refuse_all(struct exchange *x);

// How long a request with ?wait waits; WAIT_NOT_GIVEN: the API's default.
int64_t wait_query_or_default(const struct exchange *x, int64_t wait_ms);

// There are no credentials to return now: waits for them, and continues with the route's `resume`. Answers at once if
// the request does not wait.
void wait_for_credentials(struct exchange *x, int64_t wait_ms);

#endif
