// SPDX-License-Identifier: Apache-2.0
// Who may do what, by the profile's rules.
#ifndef SIDECAR_SERVER_ACCESS_H
#define SIDECAR_SERVER_ACCESS_H

#include <stdbool.h>

struct peer;
struct exchange;
struct server_profile;

// May the peer know that the profile is there? That takes any of the scopes.
bool access_may_see(const struct server_profile *profile, const struct peer *peer);

// Judges the request for the scope (of enum allow_scope; 0: any). False: it was answered with 403, and logged.
bool access_check(struct exchange *x, unsigned scope);

#endif
