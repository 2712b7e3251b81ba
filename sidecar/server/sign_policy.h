// SPDX-License-Identifier: Apache-2.0
// What a profile lets be signed.
#ifndef SIDECAR_SERVER_SIGN_POLICY_H
#define SIDECAR_SERVER_SIGN_POLICY_H

#include <stdbool.h>

#include "proto/mem/slice.h"

struct server_profile;

// `host` as in a URL or a Host header, with or without a port.
bool sign_policy_allows_host(const struct server_profile *profile, struct slice host);

// `path` as on the wire. Where there are prefixes, a path with dot segments, encoded ones included, is under none.
bool sign_policy_allows_path(const struct server_profile *profile, struct slice path);

// Without its port.
struct slice sign_policy_host_name(struct slice host);

#endif
