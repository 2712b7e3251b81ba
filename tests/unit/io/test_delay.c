// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/delay.h"

#include <uv.h>

#include "tests/unit/unit.h"

static void run_once(void *arg)
{
        ++*(unsigned *)arg;
}

static void runs_once_and_later(void **state)
{
        (void)state;
        uv_loop_t loop;
        unsigned runs = 0;
        assert_int_equal(uv_loop_init(&loop), 0);
        assert_non_null(delay_start(&loop, 0, run_once, &runs));
        assert_non_null(delay_start(&loop, 5, run_once, &runs));
        assert_int_equal(runs, 0);
        assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(runs, 2);
        assert_int_equal(uv_loop_close(&loop), 0);
}

static void cancelled_never_runs(void **state)
{
        (void)state;
        uv_loop_t loop;
        unsigned runs = 0;
        assert_int_equal(uv_loop_init(&loop), 0);
        struct delay *d = delay_start(&loop, 0, run_once, &runs);
        assert_non_null(d);
        delay_cancel(d);
        delay_cancel(NULL);
        assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(runs, 0);
        assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(runs_once_and_later),
            cmocka_unit_test(cancelled_never_runs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
