// SPDX-License-Identifier: Apache-2.0
// The top-level key `files`.
#ifndef SIDECAR_CONFIG_FILES_READ_H
#define SIDECAR_CONFIG_FILES_READ_H

#include "sidecar/config/reader.h"
#include "sidecar/config/settings.h"

extern const struct key_table file_keys;

// Reads the list `node` into a new array of at least one.
MUST_CHECK int files_read_all(struct reader *r, size_t node, struct file_settings **ret, size_t *ret_count);

// That the files name some of these profiles, which are then refreshed ahead; and that no file is one that the settings
// name for something else. 0, or -1 with r->e.
MUST_CHECK int files_check(const struct reader *r, const struct settings *settings, struct profile *profiles,
                           size_t profiles_count);

#endif
