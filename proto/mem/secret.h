// SPDX-License-Identifier: Apache-2.0
// Memory for secrets: its own mapping, locked, left out of core dumps, not inherited by children, wiped when freed.
// Secrets have a type of their own, so that each use of the bytes is a call of secret_expose(), which is easy to find.
#ifndef PROTO_MEM_SECRET_H
#define PROTO_MEM_SECRET_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

struct secret {
        uint8_t *p;
        size_t n;
};

// Zeroed memory of `n` > 0 bytes. NULL: out of memory. If the limit of locked memory is reached, the memory is not
// locked, but still left out of dumps and wiped; secret_lock_failures() counts such cases.
MUST_CHECK void *secret_alloc(size_t n);

// The same for `n` bytes, a power of two of at least a page: aligned to it.
void *secret_alloc_aligned(size_t n);

// Wipes and unmaps. `n` is the argument of secret_alloc(). NULL is fine.
void secret_release(void *p, size_t n);

// How often the kernel refused to lock such memory in this process.
unsigned long secret_lock_failures(void);

// A copy of `bytes`. 0, or -ENOMEM with *ret untouched.
MUST_CHECK int secret_copy(struct secret *ret, struct slice bytes);

// Wipes, releases and empties. Safe on an empty secret.
void secret_clear(struct secret *s);

// Overwrites the stack below the caller, as deep as code with secrets reaches: returned functions leave values there,
// and the dynamic linker saves registers there when a library first calls a function. The loop calls it from a shallow
// frame.
void secret_wipe_stack(void);

// The bytes, borrowed until secret_clear().
static inline struct slice secret_expose(const struct secret *s)
{
        return (struct slice){s->p, s->n};
}

// Allocation functions for libraries that accept their own (libcurl, OpenSSL): like malloc(), but free wipes the
// memory.
void *wiping_malloc(size_t n);
void *wiping_calloc(size_t count, size_t size);
void *wiping_realloc(void *p, size_t n);
char *wiping_strdup(const char *s);
void wiping_free(void *p);

#endif
