// SPDX-License-Identifier: Apache-2.0
// Memory that is given out piece by piece and released all at once: the strings and records of one configuration.
// All of it is wiped at the end.
#ifndef SIDECAR_CONFIG_ARENA_H
#define SIDECAR_CONFIG_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

struct arena_chunk;

struct arena {
        struct arena_chunk *chunks; // the one in use first
        size_t next_size;
        bool holds_secrets;
};

// Empty; with `holds_secrets` its memory is that of proto/mem/secret.h.
void arena_init(struct arena *a, bool holds_secrets);

// Wipes and releases everything that came from it.
void arena_free(struct arena *a);

// Zeroed memory for `count` records of `size` bytes, aligned for any type; NULL when memory ran out or nothing is
// asked for.
MUST_CHECK void *arena_array(struct arena *a, size_t count, size_t size);

// A NUL-terminated copy, or NULL when memory ran out.
MUST_CHECK char *arena_copy(struct arena *a, struct slice text);

#endif
