// SPDX-License-Identifier: Apache-2.0
// Who may do what, by the profile's rules.
#ifndef SIDECAR_SERVER_ACCESS_H
#define SIDECAR_SERVER_ACCESS_H

#include <stdbool.h>

#include "proto/mem/slice.h"

struct peer;
struct exchange;
struct server_profile;

// Whether the peer may know that the profile exists: it needs any one of the scopes.
bool access_may_see(const struct server_profile *profile, const struct peer *peer);

// Whether the peer has the scope (of enum allow_scope).
bool access_may(const struct server_profile *profile, const struct peer *peer, unsigned scope);

// Checks that the peer has the scope (of enum allow_scope; 0: any). False: answered with 403, and logged.
bool access_check(struct exchange *x, unsigned scope);

// Answers that this peer can use no profile `name` (as in the request): with 404 if the peer may see every profile,
// else with 403 and a log line. The answer does not reveal whether the profile exists.
void access_refuse_unseen(struct exchange *x, struct slice name, unsigned scope);

// The profile of a query's parameter, `value` as in the request, if the peer may see it. NULL: answered, as
// access_refuse_unseen() does or that there is no memory. Overwrites the server's scratch text.
const struct server_profile *access_find_named(struct exchange *x, struct slice value);

// Answers with 403 that the listener is not for this peer, whatever it asks for, and logs that.
void access_refuse_peer(struct exchange *x, const char *hint);

// A text about the profile for the peer, with "***" for the names of source profiles that the peer may not see. Returns
// `text`, or `out` if it had to write one.
const char *access_hide_sources(const struct server_profile *profile, const struct peer *peer, const char *text,
                                char *out, size_t size);

#endif
