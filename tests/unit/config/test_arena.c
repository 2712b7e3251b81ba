// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/arena.h"

#include <stdalign.h>

#include "tests/unit/config/support.h"

static void fill(struct arena *a)
{
        char *strings[500];
        char text[64];
        memset(text, 'x', sizeof(text));
        for (size_t i = 0; i < ROWS(strings); i++) {
                strings[i] = arena_copy(a, slice_of(text, i % sizeof(text)));
                assert_non_null(strings[i]);
                int64_t *numbers = arena_array(a, i % 7 + 1, sizeof(*numbers));
                assert_non_null(numbers);
                assert_int_equal((uintptr_t)numbers % alignof(max_align_t), 0);
                for (size_t j = 0; j <= i % 7; j++) {
                        assert_int_equal(numbers[j], 0);
                        numbers[j] = -1;
                }
        }
        for (size_t i = 0; i < ROWS(strings); i++)
                assert_int_equal(strlen(strings[i]), i % sizeof(text));
}

static void test_fill(void **state)
{
        (void)state;
        for (int secret = 0; secret < 2; secret++) {
                struct arena a;
                arena_init(&a, secret == 1);
                fill(&a);
                arena_free(&a);
                fill(&a); // usable again
                arena_free(&a);
                arena_free(&a);
        }
}

static void test_sizes(void **state)
{
        (void)state;
        struct arena a;
        arena_init(&a, false);
        assert_null(arena_array(&a, 0, 8));
        assert_null(arena_array(&a, 8, 0));
        assert_null(arena_array(&a, SIZE_MAX / 4, 8));
        assert_null(arena_array(&a, SIZE_MAX - 8, 1));
        char *large = arena_array(&a, 1, (size_t)1 << 20);
        assert_non_null(large);
        memset(large, 'x', (size_t)1 << 20);
        assert_string_equal(arena_copy(&a, SLICE("")), "");
        arena_free(&a);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_fill),
            cmocka_unit_test(test_sizes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
