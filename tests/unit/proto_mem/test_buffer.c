// SPDX-License-Identifier: Apache-2.0
#include "proto/mem/buffer.h"

#include <stdio.h>

#include "tests/canary.h"
#include "tests/unit/unit.h"

// AddressSanitizer asks for this by name: a block that cannot be had is NULL, as everywhere else.
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
        return "allocator_may_return_null=1";
}

static void assert_holds(const struct buffer *b, const char *text)
{
        assert_true(slice_eq(buffer_slice(b), slice_str(text)));
}

static void test_append(void **state)
{
        struct buffer b;
        (void)state;
        buffer_init(&b, 4096);
        assert_null(b.p);
        assert_int_equal(buffer_put(&b, slice_of(NULL, 0)), 0);
        assert_int_equal(buffer_put_str(&b, "a="), 0);
        assert_int_equal(buffer_put_byte(&b, '['), 0);
        assert_int_equal(buffer_put_u64(&b, UINT64_MAX), 0);
        assert_int_equal(buffer_put_byte(&b, ' '), 0);
        assert_int_equal(buffer_put_i64(&b, INT64_MIN), 0);
        assert_int_equal(buffer_put_byte(&b, ' '), 0);
        assert_int_equal(buffer_put_i64(&b, 0), 0);
        assert_int_equal(buffer_printf(&b, "] %s-%d", "x", 7), 0);
        assert_int_equal(buffer_printf(&b, "%s", ""), 0);
        assert_holds(&b, "a=[18446744073709551615 -9223372036854775808 0] x-7");
        assert_string_equal(buffer_c_str(&b), "a=[18446744073709551615 -9223372036854775808 0] x-7");
        buffer_free(&b);
        assert_null(b.p);
        assert_int_equal(b.max, 4096);
}

static void test_growth_keeps_content(void **state)
{
        struct buffer b;
        (void)state;
        buffer_init(&b, 100000);
        for (size_t i = 0; i < 100000; i++)
                assert_int_equal(buffer_put_byte(&b, (uint8_t)(i * 7)), 0);
        for (size_t i = 0; i < 100000; i++)
                assert_int_equal(b.p[i], (uint8_t)(i * 7));
        assert_true(b.n <= b.cap && b.cap <= b.max);
        assert_int_equal(buffer_put_byte(&b, 0), -1);
        buffer_free(&b);
}

static void test_limit_is_exact_and_sticky(void **state)
{
        struct buffer b;
        (void)state;
        for (size_t max = 0; max < 600; max += 37) {
                buffer_init(&b, max);
                for (size_t i = 0; i < max; i++)
                        assert_int_equal(buffer_put_byte(&b, 'x'), 0);
                assert_int_equal(buffer_put(&b, slice_of(NULL, 0)), 0);
                assert_int_equal(buffer_put_str(&b, "y"), -1);
                assert_true(b.failed);
                assert_int_equal(b.n, max);
                assert_int_equal(buffer_put_str(&b, ""), -1);
                assert_int_equal(buffer_put_i64(&b, 1), -1);
                assert_int_equal(buffer_printf(&b, "%d", 1), -1);
                assert_null(buffer_reserve(&b, 0));
                assert_null(buffer_c_str(&b));
                buffer_reset(&b);
                assert_false(b.failed);
                assert_int_equal(b.n, 0);
                buffer_free(&b);
        }
}

static void test_no_wrap_around(void **state)
{
        struct buffer b;
        (void)state;
        buffer_init(&b, SIZE_MAX);
        assert_int_equal(buffer_put_str(&b, "abc"), 0);
        assert_null(buffer_reserve(&b, SIZE_MAX - 1));
        assert_true(b.failed);
        assert_int_equal(b.n, 3);
        buffer_reset(&b);
        assert_null(buffer_reserve(&b, SIZE_MAX / 2)); // within the limit, but no memory
        assert_true(b.failed);
        buffer_free(&b);
}

static void test_printf_fills_to_the_brim(void **state)
{
        struct buffer b;
        (void)state;
        buffer_init(&b, 8);
        assert_int_equal(buffer_printf(&b, "%s", "12345678"), 0);
        assert_holds(&b, "12345678");
        buffer_reset(&b);
        assert_int_equal(buffer_printf(&b, "%s", "123456789"), -1);
        assert_int_equal(b.n, 0);
        buffer_free(&b);
}

// What this leaves in memory fails the test, see tests/canary.h.
static void test_wipes_what_it_gives_back(void **state)
{
        struct buffer b;
        (void)state;
        buffer_init(&b, sizeof(CANARY) - 1);
        assert_int_equal(buffer_printf(&b, "%s", CANARY), 0); // to the brim: formatted beside the buffer
        buffer_free(&b);
        buffer_init(&b, 4096);
        assert_int_equal(buffer_put_str(&b, CANARY), 0);
        assert_non_null(buffer_reserve(&b, 1000)); // it grows, and the old block goes
        buffer_free(&b);
}

static void test_consume(void **state)
{
        struct buffer b;
        (void)state;
        buffer_init(&b, 64);
        buffer_consume(&b, 0);
        assert_int_equal(buffer_put_str(&b, "headbody"), 0);
        buffer_consume(&b, 4);
        assert_holds(&b, "body");
        assert_memory_equal(b.p + 4, "\0\0\0\0", 4); // wiped
        buffer_consume(&b, 4);
        assert_int_equal(b.n, 0);
        assert_memory_equal(b.p, "\0\0\0\0", 4);
        buffer_free(&b);
}

static void test_reset_wipes(void **state)
{
        struct buffer b;
        (void)state;
        buffer_init(&b, 64);
        assert_int_equal(buffer_put_str(&b, "secret"), 0);
        buffer_reset(&b);
        assert_memory_equal(b.p, "\0\0\0\0\0\0", 6);
        buffer_free(&b);
}

static void test_reserve_and_commit(void **state)
{
        struct buffer b;
        (void)state;
        buffer_init(&b, 1000);
        uint8_t *to = buffer_reserve(&b, 1000);
        assert_non_null(to);
        memset(to, 'z', 1000);
        buffer_commit(&b, 10);
        assert_holds(&b, "zzzzzzzzzz");
        assert_ptr_equal(buffer_reserve(&b, 990), b.p + 10);
        assert_null(buffer_reserve(&b, 991));
        buffer_free(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_append),
            cmocka_unit_test(test_growth_keeps_content),
            cmocka_unit_test(test_limit_is_exact_and_sticky),
            cmocka_unit_test(test_no_wrap_around),
            cmocka_unit_test(test_printf_fills_to_the_brim),
            cmocka_unit_test(test_wipes_what_it_gives_back),
            cmocka_unit_test(test_consume),
            cmocka_unit_test(test_reset_wipes),
            cmocka_unit_test(test_reserve_and_commit),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
