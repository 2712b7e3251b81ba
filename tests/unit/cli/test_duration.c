// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/duration.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/unit.h"

static void reads_durations_with_one_unit(void **state)
{
        static const struct {
                const char *text;
                int r;
                int64_t seconds;
        } rows[] = {
            {"0", 0, 0},
            {"90", 0, 90},
            {"90s", 0, 90},
            {"10m", 0, 600},
            {"1h", 0, 3600},
            {"7d", 0, 604800},
            {"", -EINVAL, 0},
            {"m", -EINVAL, 0},
            {"-1s", -EINVAL, 0},
            {"1.5h", -EINVAL, 0},
            {"1 h", -EINVAL, 0},
            {"1w", -EINVAL, 0},
            {"1ms", -EINVAL, 0},
            {"1h30m", -EINVAL, 0},
            {"1H", -EINVAL, 0},
            {"2147483648", -ERANGE, 0},
            {"99999999999999999999d", -ERANGE, 0},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                int64_t seconds = 0;
                assert_int_equal(duration_parse(slice_str(rows[i].text), &seconds), rows[i].r);
                assert_int_equal(seconds, rows[i].seconds);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(reads_durations_with_one_unit)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
