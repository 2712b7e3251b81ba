// SPDX-License-Identifier: Apache-2.0
// The key `allow` of a profile: one rule or a list of them.
#ifndef SIDECAR_CONFIG_ALLOW_READ_H
#define SIDECAR_CONFIG_ALLOW_READ_H

#include "sidecar/config/reader.h"

// Fills allow and allow_count of a struct profile. A rule without scopes allows all of them; empty lists are refused,
// because they could be taken for "nobody".
key_read_fn allow_read;

#endif
