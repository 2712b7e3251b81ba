// SPDX-License-Identifier: Apache-2.0
// A position in the table of profiles that survives a replacement of the table: it continues after the name of the last
// profile that it returned. Zeroed, it is before the first.
#ifndef SIDECAR_SERVER_CURSOR_H
#define SIDECAR_SERVER_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "proto/wire/limits.h"

struct server;
struct server_profile;

struct cursor {
        uint64_t version; // of the table that `next` points into
        size_t next;
        char last[LIMIT_PROFILE_NAME + 1];
};

// The next profile, or NULL.
const struct server_profile *cursor_next(struct cursor *c, const struct server *s);

#endif
