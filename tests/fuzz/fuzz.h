// SPDX-License-Identifier: Apache-2.0
// For fuzz targets: the function that is called with any bytes, and what must hold whatever these are.
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/mem/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Aborts in every build, also without assertions.
static inline void must(bool holds)
{
        if (!holds)
                abort();
}

static inline bool is_within(struct slice s, const struct buffer *b)
{
        return s.n == 0 || (s.p >= b->p && s.n <= b->n && s.p + s.n <= b->p + b->n);
}

#endif
