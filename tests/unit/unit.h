// SPDX-License-Identifier: Apache-2.0
// For every unit test: cmocka behind the headers that it wants before it, the length of a table, a check of a slice.
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/mem/length.h"
#include "proto/mem/slice.h"

// That a slice holds this text.
#define assert_slice(slice, text) assert_slice_at(slice, text, __FILE__, __LINE__)

static inline void assert_slice_at(struct slice slice, const char *text, const char *file, int line)
{
        bool is_equal = slice_eq(slice, slice_str(text));
        if (!is_equal)
                print_error("\"%.*s\" is not \"%s\"\n", (int)slice.n, (const char *)slice.p, text);
        _assert_true(is_equal, "the slice holds the text", file, line);
}

#endif
