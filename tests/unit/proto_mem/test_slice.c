// SPDX-License-Identifier: Apache-2.0
#include "proto/mem/slice.h"

#include <stdio.h>

#include "tests/unit/guard.h"
#include "tests/unit/unit.h"
#include "tests/unit/watched.h"

static void test_equality(void **state)
{
        static const struct {
                const char *a, *b;
                bool equal, ignoring_case;
        } rows[] = {
            {"", "", true, true},          {NULL, "", true, true},
            {"a", "a", true, true},        {"a", "A", false, true},
            {"ETag", "etag", false, true}, {"etag", "etaga", false, false},
            {"@", "`", false, false},      {"[", "{", false, false},
            {"ab", "ac", false, false},    {"\xc3\xa4", "\xc3\x84", false, false},
            {"ac", "bc", false, false},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct slice a = guard_copy(slice_str(rows[i].a));
                struct slice b = guard_copy(slice_str(rows[i].b));
                assert_int_equal(slice_eq(a, b), rows[i].equal);
                assert_int_equal(slice_eq_constant_time(a, b), rows[i].equal);
                assert_int_equal(slice_compare(a, b) == 0, rows[i].equal);
                assert_int_equal(slice_eq_ignore_case(a, b), rows[i].ignoring_case);
                guard_free(a);
                guard_free(b);
        }
}

static void test_constant_time_reads_all(void **state)
{
        (void)state;
        uint8_t bytes[600] = {0}, others[600] = {1};
        struct slice watched = watched_copy(slice_of(bytes, sizeof(bytes)));
        assert_false(slice_eq(watched, slice_of(others, sizeof(others))));
        assert_false(watched_was_read()); // so the page tells the two apart
        assert_false(slice_eq_constant_time(watched, slice_of(others, sizeof(others))));
        assert_true(watched_was_read());
        watched_free();
}

static void test_order(void **state)
{
        static const char *const ascending[] = {"", "A", "a", "ab", "abc", "b", "\x7f", "\x80", "\xff"};
        (void)state;
        for (size_t i = 0; i < LENGTH(ascending); i++) {
                for (size_t j = 0; j < LENGTH(ascending); j++) {
                        int order = slice_compare(slice_str(ascending[i]), slice_str(ascending[j]));
                        assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
                }
        }
}

static void test_pieces(void **state)
{
        struct slice s = SLICE("key=value");
        (void)state;
        assert_int_equal(slice_find(s, '='), 3);
        assert_int_equal(slice_find(s, '?'), s.n);
        assert_int_equal(slice_find(slice_of(NULL, 0), '?'), 0);
        assert_true(slice_eq(slice_head(s, 3), SLICE("key")));
        assert_true(slice_eq(slice_head(s, 99), s));
        assert_true(slice_eq(slice_from(s, 4), SLICE("value")));
        assert_true(slice_is_empty(slice_from(s, 9)));
        assert_true(slice_is_empty(slice_from(s, 99)));
        assert_true(slice_starts_with(s, SLICE("key")));
        assert_true(slice_starts_with(s, slice_of(NULL, 0)));
        assert_false(slice_starts_with(SLICE("ke"), SLICE("key")));
        assert_true(slice_ends_with(s, SLICE("value")));
        assert_false(slice_ends_with(s, SLICE("key=values")));
}

static void test_trim(void **state)
{
        static const struct {
                const char *text, *want;
        } rows[] = {{"", ""}, {"a", "a"}, {" \t\r\n", ""}, {"  a b\t", "a b"}, {"\r\na\n", "a"}, {"\va\f", "\va\f"}};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct slice text = guard_copy(slice_str(rows[i].text));
                assert_true(slice_eq(slice_trim(text), slice_str(rows[i].want)));
                guard_free(text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_equality), cmocka_unit_test(test_constant_time_reads_all),
            cmocka_unit_test(test_order),    cmocka_unit_test(test_pieces),
            cmocka_unit_test(test_trim),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
