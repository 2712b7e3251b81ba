// SPDX-License-Identifier: Apache-2.0
// Memory like that of secret_alloc(), for many secrets of a few hundred bytes, several to a page: thousands of pages
// would exceed the limit of locked memory. Only for processes that do not fork without exec: a child must not use this
// memory. Thread-safe.
#ifndef PROTO_MEM_SECRET_POOL_H
#define PROTO_MEM_SECRET_POOL_H

#include <stddef.h>

#include "proto/mem/must_check.h"

// Zeroed memory of `n` > 0 bytes. NULL: out of memory. Blocks that are too large to share a page get their own.
MUST_CHECK void *secret_pool_alloc(size_t n);

// Wipes and frees. `n` is the argument of secret_pool_alloc(). NULL is fine.
void secret_pool_release(void *p, size_t n);

#endif
