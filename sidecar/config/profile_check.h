// SPDX-License-Identifier: Apache-2.0
// What holds between the values of a profile, and between it and its source.
#ifndef SIDECAR_CONFIG_PROFILE_CHECK_H
#define SIDECAR_CONFIG_PROFILE_CHECK_H

#include "sidecar/config/profile.h"
#include "sidecar/config/reader.h"

// 0, or -1 with r->e. `source` is NULL for a profile without one; `node` is the profile's object, for messages.
MUST_CHECK int profile_check(struct reader *r, size_t node, const struct profile *p, const struct profile *source);

#endif
