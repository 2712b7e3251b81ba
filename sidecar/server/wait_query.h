// SPDX-License-Identifier: Apache-2.0
// The parameter ?wait=SECONDS, and waiting for a profile that holds nothing.
#ifndef SIDECAR_SERVER_WAIT_QUERY_H
#define SIDECAR_SERVER_WAIT_QUERY_H

#include <stdbool.h>
#include <stdint.h>

struct outcome;
struct request;

#define WAIT_UNSAID (-1)
#define WAIT_DEFAULT_MS 10000

// Reads the query, in which only `wait` may be. *ret_ms stays when it is absent. 0, or -1: answered with 400.
int wait_query_read(struct request *r, int64_t *ret_ms);

// True when the request has a query, which its path does not take: answered with 400.
bool query_refuse_all(struct request *r);

// The profile holds nothing that may be handed out: waits (once), or answers with the reason.
void wait_for_credentials(struct request *r, const struct outcome *o, int64_t wait_ms);

#endif
