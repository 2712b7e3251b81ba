// SPDX-License-Identifier: Apache-2.0
// Who may do what, by the profile's rules.
#ifndef SIDECAR_SERVER_ACCESS_H
#define SIDECAR_SERVER_ACCESS_H

#include <stdbool.h>

#include "proto/mem/slice.h"

struct peer;
struct exchange;
struct server_profile;

// May the peer know that the profile is there? That takes any of the scopes.
bool access_may_see(const struct server_profile *profile, const struct peer *peer);

// Judges the request for the scope (of enum allow_scope; 0: any). False: it was answered with 403, and logged.
bool access_check(struct exchange *x, unsigned scope);

// Answers that there is no profile `name` (as in the request) for this peer: with 404 where it may see every profile,
// else with 403 and a log line. In both cases a profile that the peer may not see, and one that does not exist, give
// the same answer.
void access_refuse_unseen(struct exchange *x, struct slice name, unsigned scope);

// A text about the profile for the peer: names of source profiles that the peer may not see are "***". Returns `text`,
// or what was written to `out`.
const char *access_hide_sources(const struct server_profile *profile, const struct peer *peer, const char *text,
                                char *out, size_t size);

#endif
