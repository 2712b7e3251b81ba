// SPDX-License-Identifier: Apache-2.0
// Files of profiles that the configuration file includes: {"profiles": {...}} each. They are kept until the settings
// are whole, because messages point into them.
#ifndef SIDECAR_CONFIG_INCLUDED_H
#define SIDECAR_CONFIG_INCLUDED_H

#include "sidecar/config/draft.h"

struct included;

// Reads the profiles of all files that d->include means into the draft. 0, or -1 with d->reader->e. In any case *ret is
// what messages about these profiles point into.
MUST_CHECK int included_read(struct draft *d, struct included **ret);
void included_free(struct included *included); // NULL is fine

extern const struct key_table included_keys;

#endif
