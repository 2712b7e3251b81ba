// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/idle_exit.h"

#include "tests/unit/unit.h"

static void ends_after_the_limit_unless_something_is_under_way(void **state)
{
        (void)state;
        static const struct {
                int64_t idle_ms, limit_ms;
                bool is_busy;
                int64_t next_ms; // 0: end
        } rows[] = {
            {-1, 60000, false, 60000}, // there is a connection
            {-1, 60000, true, 60000},     {0, 60000, false, 60000},   {59999, 60000, false, 1},
            {59999, 60000, true, 1},      {60000, 60000, false, 0},   {60000, 60000, true, 5000},
            {9000000, 60000, true, 5000}, {9000000, 60000, false, 0},
        };
        for (size_t i = 0; i < LENGTH(rows); i++)
                assert_int_equal(idle_exit_next_ms(rows[i].idle_ms, rows[i].limit_ms, rows[i].is_busy),
                                 rows[i].next_ms);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(ends_after_the_limit_unless_something_is_under_way),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
