// SPDX-License-Identifier: Apache-2.0
// Inputs whose last byte touches a page that nobody may touch: an over-read crashes in any build.
#ifndef TESTS_UNIT_GUARD_H
#define TESTS_UNIT_GUARD_H

#include <stdlib.h>
#include <sys/mman.h>

#include "proto/mem/slice.h"

enum { GUARD_PAGE = 4096, GUARD_PAGES = 16 };

// A copy of at most GUARD_PAGES pages; give it back with guard_free().
static inline struct slice guard_copy(struct slice s)
{
        size_t size = (size_t)GUARD_PAGES * GUARD_PAGE;
        void *memory = mmap(NULL, size + GUARD_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED || mprotect(memory, size, PROT_READ | PROT_WRITE) != 0 || s.n > size)
                abort();
        uint8_t *at = (uint8_t *)memory + (size - s.n);
        if (s.n > 0)
                memcpy(at, s.p, s.n);
        return slice_of(at, s.n);
}

static inline void guard_free(struct slice s)
{
        size_t size = (size_t)GUARD_PAGES * GUARD_PAGE;
        uintptr_t end = (uintptr_t)s.p + s.n;
        (void)munmap((void *)(end - size), size + GUARD_PAGE);
}

#endif
