// SPDX-License-Identifier: Apache-2.0
// The top-level key `listeners`.
#ifndef SIDECAR_CONFIG_LISTENER_READ_H
#define SIDECAR_CONFIG_LISTENER_READ_H

#include "sidecar/config/reader.h"
#include "sidecar/config/settings.h"

#define LISTENER_DEFAULT_MODE 0600

extern const struct key_table listener_keys;

// Reads the list `node` into a new array of at least one.
MUST_CHECK int listener_read_all(struct reader *r, size_t node, struct listener_settings **ret, size_t *ret_count);

// That the profiles which the listeners of the file name are among these. 0, or -1 with r->e.
MUST_CHECK int listener_check_profiles(const struct reader *r, const struct listener_settings *list, size_t count,
                                       const struct profile *profiles, size_t profiles_count);

#endif
