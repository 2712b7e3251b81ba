// SPDX-License-Identifier: Apache-2.0
// The allocator of the static `keyfob`, compiled under other names: here malloc() stays the C library's.
#define malloc musl_malloc
#define free musl_free
#define calloc musl_calloc
#define realloc musl_realloc
#include <stddef.h>

void *musl_malloc(size_t n);
void musl_free(void *p);
void *musl_calloc(size_t count, size_t size);
void *musl_realloc(void *p, size_t n);

#include "clients/cli/musl_malloc.c"
#include "tests/canary.h"
#undef malloc
#undef free
#undef calloc
#undef realloc

#include <stdbool.h>
#include <stdio.h>

#include "tests/unit/unit.h"

enum { SLOTS_N = 64, STEPS_N = 20000, ALIGNMENT = 16 };

static void gives_aligned_memory_of_every_size(void **state)
{
        static const size_t sizes[] = {0, 1, 48, 49, 112, 113, 1000, 16368, 16369, 131056, 131057, 5000000};
        (void)state;
        for (size_t i = 0; i < LENGTH(sizes); i++) {
                uint8_t *p = musl_malloc(sizes[i]);
                uint8_t *q = musl_malloc(sizes[i]);
                assert_non_null(p);
                assert_non_null(q);
                assert_int_equal((uintptr_t)p % ALIGNMENT, 0);
                memset(p, 0xff, sizes[i]);
                memset(q, 0xff, sizes[i]);
                musl_free(p);
                musl_free(q);
        }
        musl_free(NULL);
}

static void refuses_what_no_memory_can_hold(void **state)
{
        (void)state;
        errno = 0;
        assert_null(musl_malloc(SIZE_MAX));
        assert_int_equal(errno, ENOMEM);
        assert_null(musl_malloc(PTRDIFF_MAX));
        assert_null(musl_malloc((size_t)1 << 60));
        assert_null(musl_calloc(SIZE_MAX / 2, 3));
        assert_null(musl_realloc(NULL, SIZE_MAX));
}

static void reuses_freed_blocks(void **state)
{
        (void)state;
        uint8_t *a = musl_malloc(2000);
        uint8_t *b = musl_malloc(2000);
        assert_true(a != b);
        musl_free(a);
        musl_free(b);
        assert_ptr_equal(musl_malloc(1900), b); // the last that came back
        assert_ptr_equal(musl_malloc(2032), a);
        size_t left = piece_left;
        for (int i = 0; i < 1000; i++)
                musl_free(musl_malloc(3000));
        assert_true(left == piece_left || left == piece_left + 4096); // one block serves them all
}

static void calloc_clears_reused_blocks(void **state)
{
        (void)state;
        uint8_t *p = musl_malloc(500);
        memset(p, 0xff, 500);
        musl_free(p);
        uint8_t *q = musl_calloc(50, 10);
        assert_ptr_equal(q, p);
        for (size_t i = 0; i < 500; i++)
                assert_int_equal(q[i], 0);
        musl_free(q);
}

static void realloc_keeps_the_content(void **state)
{
        (void)state;
        uint8_t *p = musl_realloc(NULL, 40);
        memset(p, 7, 40);
        assert_ptr_equal(musl_realloc(p, 48), p); // it fits
        uint8_t *q = musl_realloc(p, 100000);
        assert_true(q != p);
        for (size_t i = 0; i < 40; i++)
                assert_int_equal(q[i], 7);
        assert_ptr_equal(musl_malloc(40), p); // given back
        assert_null(musl_realloc(q, SIZE_MAX));
        assert_int_equal(q[39], 7);
        musl_free(q);
}

// What each block holds stays as it was written, whatever happens to the others; over several pieces.
static void blocks_do_not_overlap(void **state)
{
        struct {
                uint8_t *p, fill;
                size_t n;
        } slots[SLOTS_N] = {{0}};
        uint32_t random = 1;
        (void)state;
        for (int step = 0; step < STEPS_N; step++) {
                random = random * 1664525 + 1013904223;
                size_t i = random >> 8 & (SLOTS_N - 1);
                for (size_t k = 0; slots[i].p && k < slots[i].n; k++)
                        assert_int_equal(slots[i].p[k], slots[i].fill);
                musl_free(slots[i].p);
                slots[i].n = ((size_t)1 << (random >> 14 & 15)) + (random >> 20 & 63);
                slots[i].fill = (uint8_t)(random >> 24);
                slots[i].p = musl_malloc(slots[i].n);
                assert_non_null(slots[i].p);
                memset(slots[i].p, slots[i].fill, slots[i].n);
        }
        for (size_t i = 0; i < SLOTS_N; i++)
                musl_free(slots[i].p);
}

int main(void)
{
        canary_allow_mapped(); // the heap keeps its memory for the life of the process
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(gives_aligned_memory_of_every_size),
            cmocka_unit_test(refuses_what_no_memory_can_hold),
            cmocka_unit_test(reuses_freed_blocks),
            cmocka_unit_test(calloc_clears_reused_blocks),
            cmocka_unit_test(realloc_keeps_the_content),
            cmocka_unit_test(blocks_do_not_overlap),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
