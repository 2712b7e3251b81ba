// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/heap.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { MARK = 0x5eed1234, PIECE = 16 * 1024, SLOTS = 64, STEPS = 20000 };

struct fixture {
        _Alignas(HEAP_ALIGNMENT) uint8_t piece[PIECE];
        struct heap heap;
};

static void begin(struct fixture *f)
{
        memset(f->piece, 0xa5, sizeof(f->piece)); // nobody promises zeros
        heap_init(&f->heap, f->piece, sizeof(f->piece), MARK);
}

static void test_sizes(void **state)
{
        static const size_t sizes[] = {0,     1,     47,         48,         49,         112,    113,    1000,
                                       16368, 16369, 32767 - 16, 32768 - 16, 32769 - 16, 100000, 5000000};
        static struct fixture f;
        (void)state;
        begin(&f);
        for (size_t i = 0; i < LENGTH(sizes); i++) {
                uint8_t *p = heap_alloc(&f.heap, sizes[i]);
                assert_non_null(p);
                assert_int_equal((uintptr_t)p % HEAP_ALIGNMENT, 0);
                assert_true(heap_size(&f.heap, p) >= sizes[i]);
                memset(p, 0xff, heap_size(&f.heap, p)); // all of it is the caller's
                heap_free(&f.heap, p);
        }
        assert_int_equal(heap_size(&f.heap, NULL), 0);
        heap_free(&f.heap, NULL);
        assert_null(heap_alloc(&f.heap, SIZE_MAX));
        assert_null(heap_alloc(&f.heap, SIZE_MAX - 15));
        assert_null(heap_alloc(&f.heap, PTRDIFF_MAX));
}

static void test_reuse(void **state)
{
        static struct fixture f;
        (void)state;
        begin(&f);
        uint8_t *a = heap_alloc(&f.heap, 100);
        uint8_t *b = heap_alloc(&f.heap, 100);
        assert_true(a >= f.piece && b < f.piece + PIECE);
        assert_true(b >= a + 100 || a >= b + 100);
        heap_free(&f.heap, a);
        heap_free(&f.heap, b);
        assert_ptr_equal(heap_alloc(&f.heap, 90), b); // the last that came back
        assert_ptr_equal(heap_alloc(&f.heap, 112), a);
        size_t left = f.heap.piece_left;
        for (int i = 0; i < 1000; i++) {
                uint8_t *p = heap_alloc(&f.heap, 2000);
                assert_non_null(p);
                heap_free(&f.heap, p);
        }
        assert_int_equal(f.heap.piece_left, left - 2048); // one block serves them all
}

// What each block holds stays as it was written, whatever becomes of the others; over several pieces.
static void test_blocks_do_not_overlap(void **state)
{
        static struct fixture f;
        struct {
                uint8_t *p, fill;
                size_t n;
        } slots[SLOTS] = {{0}};
        uint32_t random = 1;
        (void)state;
        begin(&f);
        for (int step = 0; step < STEPS; step++) {
                random = random * 1664525 + 1013904223;
                size_t i = random >> 8 & (SLOTS - 1);
                for (size_t k = 0; slots[i].p && k < slots[i].n; k++)
                        assert_int_equal(slots[i].p[k], slots[i].fill);
                heap_free(&f.heap, slots[i].p);
                slots[i].n = (size_t)1 << (random >> 14 & 15); // up to 32 KiB, which is mapped
                slots[i].n += random >> 20 & 63;
                slots[i].fill = (uint8_t)(random >> 24);
                slots[i].p = heap_alloc(&f.heap, slots[i].n);
                assert_non_null(slots[i].p);
                memset(slots[i].p, slots[i].fill, slots[i].n);
        }
        for (size_t i = 0; i < SLOTS; i++)
                heap_free(&f.heap, slots[i].p);
}

// --- misuse ends the process ---

static void free_twice(struct heap *heap)
{
        void *p = heap_alloc(heap, 10);
        heap_free(heap, p);
        heap_free(heap, p);
}

static void free_inside(struct heap *heap)
{
        uint8_t *p = heap_alloc(heap, 100);
        heap_free(heap, p + 32);
}

static void write_past_the_end(struct heap *heap)
{
        uint8_t *p = heap_alloc(heap, 40);
        void *q = heap_alloc(heap, 40);
        memset(p, 0, 64 + 8);
        heap_free(heap, q);
}

static void write_past_the_end_of_a_free_one(struct heap *heap)
{
        uint8_t *p = heap_alloc(heap, 40);
        heap_free(heap, heap_alloc(heap, 40));
        memset(p, 0, 64 + 8);
        (void)heap_alloc(heap, 40);
}

static void do_nothing_wrong(struct heap *heap)
{
        heap_free(heap, heap_alloc(heap, 40));
}

static void test_misuse(void **state)
{
        static const struct {
                void (*act)(struct heap *heap);
                bool ends;
        } rows[] = {{free_twice, true},
                    {free_inside, true},
                    {write_past_the_end, true},
                    {write_past_the_end_of_a_free_one, true},
                    {do_nothing_wrong, false}};
        static struct fixture f;
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                int status = -1;
                begin(&f);
                pid_t pid = fork();
                assert_true(pid >= 0);
                if (pid == 0) {
                        (void)signal(SIGABRT, SIG_DFL); // cmocka has a handler
                        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
                        rows[i].act(&f.heap);
                        _exit(0);
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                if (rows[i].ends)
                        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
                else
                        assert_int_equal(status, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_sizes),
            cmocka_unit_test(test_reuse),
            cmocka_unit_test(test_blocks_do_not_overlap),
            cmocka_unit_test(test_misuse),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
