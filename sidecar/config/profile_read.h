// SPDX-License-Identifier: Apache-2.0
// One profile of the configuration file: which keys each type has, and what a profile of a type cannot do without.
#ifndef SIDECAR_CONFIG_PROFILE_READ_H
#define SIDECAR_CONFIG_PROFILE_READ_H

#include "sidecar/config/profile.h"
#include "sidecar/config/reader.h"

// Keys of profiles with the types they belong to: bit n is enum profile_type n.
const struct key_rule *profile_rules(size_t *ret_count);
// Those of the object under "secretsmanager".
const struct key_rule *profile_secretsmanager_rules(size_t *ret_count);

// Reads the object `node` into *p, which is zeroed. `name` must outlive it. Regions and endpoints that follow from
// other profiles or the environment are not filled in: derive_profile() does that.
MUST_CHECK int profile_read(struct reader *r, size_t node, char *name, struct profile *p);

#endif
