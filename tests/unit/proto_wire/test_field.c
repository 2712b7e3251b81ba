// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/field.h"

#include "tests/unit/unit.h"

// Every byte, alone and amid others.
static void test_names(void **state)
{
        static const char allowed[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        (void)state;
        assert_false(field_is_name(SLICE("")));
        assert_true(field_is_name(SLICE("X-Amz-Date")));
        for (int byte = 0; byte < 256; byte++) {
                const uint8_t text[3] = {'a', (uint8_t)byte, 'b'};
                bool wanted = byte != 0 && strchr(allowed, byte) != NULL;
                assert_int_equal(field_is_name(slice_of(text + 1, 1)), wanted);
                assert_int_equal(field_is_name(slice_of(text, 3)), wanted);
        }
}

static void test_values(void **state)
{
        (void)state;
        assert_true(field_is_value(SLICE("")));
        for (int byte = 0; byte < 256; byte++) {
                const uint8_t text[3] = {'a', (uint8_t)byte, 'b'};
                bool wanted = byte == '\t' || (byte >= ' ' && byte != 0x7f);
                assert_int_equal(field_is_value(slice_of(text + 1, 1)), wanted);
                assert_int_equal(field_is_value(slice_of(text, 3)), wanted);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_values)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
