// SPDX-License-Identifier: Apache-2.0
// malloc() and its kin for the static `keyfob`, in place of musl's, which map pages for each new size of block: a fifth
// of the time that `keyfob credential-process` takes. Only the build with musl has this file.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "clients/cli/heap.h"

enum { FIRST_PIECE = 128 * 1024 }; // more than a usual run needs; pages that are not touched cost nothing

size_t malloc_usable_size(void *p);

// The process's heap: the one state that lies outside of functions here, as malloc() leaves no other place.
static struct heap heap;
static _Alignas(HEAP_ALIGNMENT) uint8_t first_piece[FIRST_PIECE];

// Not malloc() itself: a compiler may turn that and a memset() into calloc(), within calloc() too.
static void *allocate(size_t n)
{
        if (heap.piece == NULL) {
                uintptr_t random[2] = {0}; // from the kernel; the first is the stack protector's
                memcpy(random, (const void *)getauxval(AT_RANDOM), sizeof(random));
                heap_init(&heap, first_piece, sizeof(first_piece), random[1]);
        }
        void *p = heap_alloc(&heap, n);
        if (!p)
                errno = ENOMEM;
        return p;
}

void *malloc(size_t n)
{
        return allocate(n);
}

void free(void *p)
{
        heap_free(&heap, p);
}

size_t malloc_usable_size(void *p)
{
        return heap_size(&heap, p);
}

void *calloc(size_t count, size_t size)
{
        size_t n = 0;
        void *p = allocate(__builtin_mul_overflow(count, size, &n) ? SIZE_MAX : n);
        return p ? memset(p, 0, n) : NULL;
}

void *realloc(void *p, size_t n)
{
        size_t held = malloc_usable_size(p);
        if (p && n <= held)
                return p;
        void *q = allocate(n);
        if (q && p) {
                memcpy(q, p, held);
                free(p);
        }
        return q;
}

// musl's own, which posix_memalign() and memalign() call too, would look for its own heap.
void *aligned_alloc(size_t alignment, size_t n)
{
        return allocate(alignment <= HEAP_ALIGNMENT ? n : SIZE_MAX);
}
