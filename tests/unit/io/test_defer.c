// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/defer.h"

#include <uv.h>

#include "tests/unit/unit.h"

struct runs {
        uv_loop_t loop;
        int count, left;
};

static void run_once(void *arg)
{
        ((struct runs *)arg)->count++;
}

static void run_again(void *arg)
{
        struct runs *r = arg;
        r->count++;
        if (r->left-- > 0)
                assert_non_null(defer_start(&r->loop, run_again, r));
}

static void runs_once_and_later(void **state)
{
        (void)state;
        struct runs r = {.count = 0};
        assert_int_equal(uv_loop_init(&r.loop), 0);
        assert_non_null(defer_start(&r.loop, run_once, &r));
        assert_int_equal(r.count, 0);
        assert_int_equal(uv_run(&r.loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(r.count, 1);
        assert_int_equal(uv_loop_close(&r.loop), 0);
}

static void cancelled_never_runs(void **state)
{
        (void)state;
        struct runs r = {.count = 0};
        assert_int_equal(uv_loop_init(&r.loop), 0);
        struct defer *d = defer_start(&r.loop, run_once, &r);
        assert_non_null(d);
        defer_cancel(d);
        defer_cancel(NULL);
        assert_int_equal(uv_run(&r.loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(r.count, 0);
        assert_int_equal(uv_loop_close(&r.loop), 0);
}

// A chain of deferrals takes a turn each: it cannot starve the loop.
static void each_takes_a_turn(void **state)
{
        (void)state;
        struct runs r = {.left = 3};
        assert_int_equal(uv_loop_init(&r.loop), 0);
        assert_non_null(defer_start(&r.loop, run_again, &r));
        assert_int_not_equal(uv_run(&r.loop, UV_RUN_NOWAIT), 0);
        assert_true(r.count == 1);
        assert_int_equal(uv_run(&r.loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(r.count, 4);
        assert_int_equal(uv_loop_close(&r.loop), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(runs_once_and_later),
            cmocka_unit_test(cancelled_never_runs),
            cmocka_unit_test(each_takes_a_turn),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
