// SPDX-License-Identifier: Apache-2.0
// A place in the table of profiles that stays true while the table is replaced: walks go on behind the name that was
// last. Zeroed, it stands before the first.
#ifndef SIDECAR_SERVER_CURSOR_H
#define SIDECAR_SERVER_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "proto/wire/limits.h"

struct server;
struct server_profile;

struct cursor {
        uint64_t version; // of the table that `next` is in
        size_t next;
        char last[LIMIT_PROFILE_NAME + 1];
};

// The next profile, or NULL.
const struct server_profile *cursor_next(struct cursor *c, const struct server *s);

#endif
