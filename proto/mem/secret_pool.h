// SPDX-License-Identifier: Apache-2.0
// Many secrets of a few hundred bytes each: as secret_alloc() gives, but several to a page, because thousands of pages
// are more than may be locked, and far more than the secrets need. For a process that does not fork without exec (its
// child must not touch what is in here). Safe from several threads.
#ifndef PROTO_MEM_SECRET_POOL_H
#define PROTO_MEM_SECRET_POOL_H

#include <stddef.h>

#include "proto/mem/must_check.h"

// Zeroed memory of `n` > 0 bytes; NULL when the system has none. What is too large to share a page gets its own.
MUST_CHECK void *secret_pool_alloc(size_t n);

// Wipes and gives back. `n` is what secret_pool_alloc() was given. NULL is fine.
void secret_pool_release(void *p, size_t n);

#endif
