// SPDX-License-Identifier: Apache-2.0
// From a request to its handler: path, method, profile, access.
#ifndef SIDECAR_SERVER_ROUTER_H
#define SIDECAR_SERVER_ROUTER_H

struct outcome;
struct request;

// Finds the handler and calls it, or answers with a problem. `o`: how the request's wait ended; NULL: it has not
// waited yet.
void router_handle(struct request *r, const struct outcome *o);

#endif
