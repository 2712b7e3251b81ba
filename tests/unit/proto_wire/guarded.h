// SPDX-License-Identifier: Apache-2.0
// Memory that ends at a page nobody may touch: reading one byte too many ends the test.
#ifndef TESTS_UNIT_PROTO_WIRE_GUARDED_H
#define TESTS_UNIT_PROTO_WIRE_GUARDED_H

#include <sys/mman.h>

#include "tests/unit/unit.h"

enum { GUARDED_PAGE = 4096 };

struct guarded {
        uint8_t *memory;
        size_t size;
};

static inline struct guarded guarded_new(size_t size)
{
        struct guarded g = {.size = (size + GUARDED_PAGE - 1) / GUARDED_PAGE * GUARDED_PAGE};
        g.memory = mmap(NULL, g.size + GUARDED_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(g.memory != MAP_FAILED);
        assert_int_equal(mprotect(g.memory, g.size, PROT_READ | PROT_WRITE), 0);
        return g;
}

// A copy of `s` that ends at the guard; what was there before is overwritten.
static inline struct slice guarded_put(const struct guarded *g, struct slice s)
{
        assert_true(s.n <= g->size);
        memset(g->memory, '#', g->size);
        uint8_t *at = g->memory + g->size - s.n;
        if (s.n > 0)
                memcpy(at, s.p, s.n);
        return slice_of(at, s.n);
}

static inline void guarded_free(const struct guarded *g)
{
        munmap(g->memory, g->size + GUARDED_PAGE);
}

#endif
