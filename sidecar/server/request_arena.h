// SPDX-License-Identifier: Apache-2.0
// Memory of one request, wiped and freed as a whole. Zeroed, it is empty.
#ifndef SIDECAR_SERVER_REQUEST_ARENA_H
#define SIDECAR_SERVER_REQUEST_ARENA_H

#include <stddef.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

struct request_block;

struct request_arena {
        struct request_block *blocks; // the newest first
};

// Zeroed memory for any type, or NULL.
MUST_CHECK void *request_arena_alloc(struct request_arena *a, size_t n);

// Copies the bytes of *s into the arena and makes *s point there. 0, or -1: out of memory.
MUST_CHECK int request_arena_keep(struct request_arena *a, struct slice *s);

void request_arena_free(struct request_arena *a);

#endif
