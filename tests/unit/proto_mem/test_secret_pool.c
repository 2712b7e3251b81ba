// SPDX-License-Identifier: Apache-2.0
#include "proto/mem/secret_pool.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { MANY = 3000 };

struct piece {
        uint8_t *p;
        size_t n;
};

static void fill(struct piece *piece, uint8_t with)
{
        memset(piece->p, with, piece->n);
}

static void check(const struct piece *piece, uint8_t with)
{
        for (size_t i = 0; i < piece->n; i++)
                assert_int_equal(piece->p[i], with);
}

// Kilobytes of this process that are mapped.
static long mapped_kb(void)
{
        char line[256];
        long kb = -1;
        FILE *f = fopen("/proc/self/status", "r");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f))
                if (strncmp(line, "VmSize:", 7) == 0)
                        kb = (long)strtoull(line + 7, NULL, 10);
        (void)fclose(f);
        assert_true(kb > 0);
        return kb;
}

// Sizes around every bound; none overlaps another, all are zeroed, whatever was there before.
static void test_pieces(void **state)
{
        (void)state;
        static struct piece pieces[MANY];
        uint32_t dice = 1;
        for (unsigned round = 0; round < 5; round++) {
                for (unsigned i = 0; i < MANY; i++) {
                        dice = dice * 1664525 + 1013904223;
                        if (pieces[i].p && dice >> 31) {
                                check(&pieces[i], (uint8_t)i);
                                secret_pool_release(pieces[i].p, pieces[i].n);
                                pieces[i].p = NULL;
                        }
                        if (pieces[i].p)
                                continue;
                        pieces[i].n = i % 3 == 0 ? 1 + i % 5000 : i % 3 == 1 ? (i % 17 + 1) * 128 : i % 17 * 128 + 1;
                        pieces[i].p = secret_pool_alloc(pieces[i].n);
                        assert_non_null(pieces[i].p);
                        assert_int_equal((uintptr_t)pieces[i].p % 16, 0);
                        check(&pieces[i], 0);
                        fill(&pieces[i], (uint8_t)i);
                }
        }
        for (unsigned i = 0; i < MANY; i++) {
                check(&pieces[i], (uint8_t)i);
                secret_pool_release(pieces[i].p, pieces[i].n);
                pieces[i].p = NULL;
        }
        secret_pool_release(NULL, 7);
}

// Several to a page, and all of it goes back.
static void test_economy(void **state)
{
        (void)state;
        static struct piece pieces[MANY];
        long before_kb = mapped_kb();
        for (unsigned i = 0; i < MANY; i++) {
                pieces[i] = (struct piece){secret_pool_alloc(1200), 1200};
                assert_non_null(pieces[i].p);
        }
        long used_kb = mapped_kb() - before_kb;
        assert_in_range(used_kb, MANY * 1200 / 1024, MANY * 1400 / 1024);
        for (unsigned i = 0; i < MANY; i++)
                secret_pool_release(pieces[i].p, pieces[i].n);
        assert_true(mapped_kb() - before_kb < 64);
}

static void *work(void *arg)
{
        uint8_t mark = *(uint8_t *)arg;
        struct piece pieces[64] = {0};
        for (unsigned i = 0; i < 20000; i++) {
                struct piece *piece = &pieces[i * 7919 % 64];
                for (size_t at = 0; at < piece->n; at++)
                        if (piece->p[at] != mark)
                                return NULL;
                secret_pool_release(piece->p, piece->n);
                piece->n = 1 + i * 31 % 600;
                piece->p = secret_pool_alloc(piece->n);
                if (!piece->p)
                        return NULL;
                fill(piece, mark);
        }
        for (unsigned i = 0; i < 64; i++)
                secret_pool_release(pieces[i].p, pieces[i].n);
        return arg;
}

static void test_threads(void **state)
{
        (void)state;
        pthread_t threads[4];
        uint8_t marks[4] = {1, 2, 3, 4};
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, work, &marks[i]), 0);
        for (unsigned i = 0; i < 4; i++) {
                void *result = NULL;
                assert_int_equal(pthread_join(threads[i], &result), 0);
                assert_ptr_equal(result, &marks[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_pieces),
            cmocka_unit_test(test_economy),
            cmocka_unit_test(test_threads),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
