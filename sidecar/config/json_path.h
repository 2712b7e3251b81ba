// SPDX-License-Identifier: Apache-2.0
// Where a node is, for people: profiles.tenant-a.duration_seconds, listeners[0].mode.
#ifndef SIDECAR_CONFIG_JSON_PATH_H
#define SIDECAR_CONFIG_JSON_PATH_H

#include "proto/wire/json_read.h"

// Appends the path of `node` (a value or a key), nothing for the root. Walks the document from its start: for
// messages only. When `out` is full, the path ends there.
void json_path(const struct json_doc *doc, size_t node, struct buffer *out);

#endif
