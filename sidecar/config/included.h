// SPDX-License-Identifier: Apache-2.0
// Files of profiles that the configuration file includes: {"profiles": {...}} each. They are kept until the settings
// are whole, because messages point into them.
#ifndef SIDECAR_CONFIG_INCLUDED_H
#define SIDECAR_CONFIG_INCLUDED_H

#include "sidecar/config/draft.h"

// Reads the profiles of all files that d->include means into the draft, and leaves the files in d->included. 0, or -1
// with d->reader->e.
int included_read(struct draft *d);
void included_free(struct included *included); // NULL is fine

// The keys of an included file, in the format of profile_rules().
const struct key_rule *included_rules(size_t *ret_count);

#endif
