// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/clock.h"

#include <stddef.h>
#include <time.h>

#include "tests/unit/unit.h"

struct fake {
        int64_t boot_ms, wall_ms;
};

static int64_t fake_boot_ms(void *context)
{
        return ((const struct fake *)context)->boot_ms;
}

static int64_t fake_wall_ms(void *context)
{
        return ((const struct fake *)context)->wall_ms;
}

static struct clock fake_clock(struct fake *fake)
{
        return (struct clock){.boot_ms = fake_boot_ms, .wall_ms = fake_wall_ms, .speed = 1, .context = fake};
}

static int64_t kernel_ms(clockid_t id)
{
        struct timespec t;
        assert_int_equal(clock_gettime(id, &t), 0);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void test_system_clocks_are_the_kernels(void **state)
{
        struct clock clock;
        (void)state;
        clock_init_system(&clock);
        int64_t before = kernel_ms(CLOCK_BOOTTIME);
        int64_t boot = clock_boot_ms(&clock);
        assert_true(before <= boot && boot <= kernel_ms(CLOCK_BOOTTIME));
        before = kernel_ms(CLOCK_REALTIME) / 1000;
        int64_t wall = clock_wall_s(&clock);
        assert_true(before <= wall && wall <= kernel_ms(CLOCK_REALTIME) / 1000);
        assert_int_equal(clock.speed, 1);
}

static void test_real_ms(void **state)
{
        static const struct {
                unsigned speed;
                int64_t delay;
                uint64_t want;
        } rows[] = {{1, 0, 0}, {1, -5, 0}, {1, 7, 7}, {60, 60000, 1000}, {60, 1, 1}, {60, 61, 2}, {60, -61, 0}};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct clock clock = {.speed = rows[i].speed};
                assert_int_equal(clock_real_ms(&clock, rows[i].delay), rows[i].want);
        }
}

static void test_upstream_clock(void **state)
{
        struct fake fake = {.boot_ms = 5000, .wall_ms = 1000000};
        struct clock clock = fake_clock(&fake);
        struct upstream_clock t = {0};
        (void)state;
        assert_int_equal(upstream_clock_now_s(&t, &clock), 1000); // nothing is known: the local wall clock
        upstream_clock_learn(&t, 2000, 5000);
        assert_int_equal(upstream_clock_now_s(&t, &clock), 2000);
        fake.boot_ms = 5999;
        assert_int_equal(upstream_clock_now_s(&t, &clock), 2000);
        fake.boot_ms = 6000;
        assert_int_equal(upstream_clock_now_s(&t, &clock), 2001);
        fake.wall_ms = 99000000; // a step of the local wall clock changes nothing
        assert_int_equal(upstream_clock_now_s(&t, &clock), 2001);
        upstream_clock_learn(&t, 1900, 6000); // the latest answer counts
        assert_int_equal(upstream_clock_now_s(&t, &clock), 1900);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_system_clocks_are_the_kernels),
            cmocka_unit_test(test_real_ms),
            cmocka_unit_test(test_upstream_clock),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
