// SPDX-License-Identifier: Apache-2.0
#include "sidecar/vault/pace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { MOST = 200000 };

static int64_t taken_ms[MOST];
static size_t taken;

static void take(struct pace *p, int64_t now_ms)
{
        assert_true(taken < MOST);
        pace_take(p, now_ms);
        taken_ms[taken++] = now_ms;
}

// The most in any span of `span_ms`, its start counted and its end not.
static size_t most_in(size_t from, int64_t span_ms)
{
        size_t most = 0, first = from;
        for (size_t last = from; last < taken; last++) {
                while (taken_ms[last] - taken_ms[first] >= span_ms)
                        first++;
                if (last - first + 1 > most)
                        most = last - first + 1;
        }
        return most;
}

static void test_all_rates(void **state)
{
        (void)state;
        static const int64_t rates[][2] = {{1, 1},    {2, 2},     {3, 1},   {10, 10},
                                           {100, 20}, {100, 100}, {999, 7}, {10000, 10000}};
        for (size_t i = 0; i < LENGTH(rates); i++) {
                int64_t rate = rates[i][0], burst = rates[i][1], now_ms = 123456789;
                struct pace p;
                taken = 0;
                pace_init(&p, rate, burst, now_ms);
                int64_t end_ms = now_ms + 10000;
                while (now_ms < end_ms) {
                        int64_t wait_ms = pace_wait_ms(&p, now_ms);
                        if (wait_ms == 0)
                                take(&p, now_ms);
                        else
                                assert_true(wait_ms <= 1008); // and that is exact, or the count below would not do
                        now_ms += wait_ms;
                }
                assert_in_range(most_in(0, 1000), 1, rate);
                assert_true(most_in(0, 1) <= (size_t)burst + (size_t)(rate + 999) / 1000);
                assert_true((int64_t)taken >= rate * 10 * 1000 / 1008 - rate / 10 - 1); // and hardly less
        }
}

static uint32_t dice;

static int64_t roll(int64_t sides)
{
        dice = dice * 1664525 + 1013904223;
        return (dice >> 8) % sides;
}

// Idle spells, hurried ones, late timers.
static void test_whatever_comes(void **state)
{
        (void)state;
        for (unsigned seed = 1; seed <= 50; seed++) {
                dice = seed;
                int64_t rate = 1 + roll(300), burst = 1 + roll(rate), now_ms = roll(100000);
                struct pace p;
                taken = 0;
                pace_init(&p, rate, burst, now_ms);
                for (unsigned i = 0; i < 20000; i++) {
                        now_ms += roll(8) ? roll(3) : roll(64) ? roll(40) : roll(3000);
                        if (pace_wait_ms(&p, now_ms) > 0)
                                continue;
                        take(&p, now_ms);
                        if (roll(10) == 0) { // it did not call after all
                                pace_give_back(&p);
                                taken--;
                        }
                }
                assert_in_range(most_in(0, 1000), 1, rate);
        }
}

// What arrives, at any time between the begin of a call and its end.
static void test_what_arrives(void **state)
{
        (void)state;
        enum { STEPS = 60000, UNDER_WAY = 64 };
        for (unsigned seed = 1; seed <= 20; seed++) {
                static unsigned arrivals[STEPS + 1000];
                struct {
                        int64_t begun_ms, ends_ms; // 0: none
                } calls[UNDER_WAY] = {0};
                dice = seed;
                int64_t rate = 1 + roll(300), burst = 1 + roll(rate), longest_ms = 1 + roll(999);
                struct pace p;
                memset(arrivals, 0, sizeof(arrivals));
                pace_init(&p, rate, burst, 1);
                size_t begun = 0;
                for (int64_t now_ms = 1; now_ms < STEPS; now_ms++) {
                        for (size_t i = 0; i < UNDER_WAY; i++) {
                                if (calls[i].ends_ms && calls[i].ends_ms <= now_ms) {
                                        pace_end(&p, calls[i].begun_ms, now_ms);
                                        calls[i].ends_ms = 0;
                                }
                                if (calls[i].ends_ms || roll(4) || pace_wait_ms(&p, now_ms) > 0)
                                        continue;
                                pace_take(&p, now_ms);
                                begun++;
                                int64_t takes_ms = roll(longest_ms);
                                calls[i].begun_ms = now_ms;
                                calls[i].ends_ms = now_ms + 1 + takes_ms;
                                arrivals[now_ms + roll(takes_ms + 1)]++;
                        }
                }
                unsigned in_second = 0;
                for (size_t ms = 0; ms < STEPS; ms++) {
                        in_second += arrivals[ms];
                        in_second -= ms >= 1000 ? arrivals[ms - 1000] : 0;
                        assert_true(in_second <= rate);
                }
                assert_true(begun > 10);
        }
}

static void test_a_call_that_took_long(void **state)
{
        (void)state;
        struct pace p;
        pace_init(&p, 2, 2, 1000);
        pace_take(&p, 1000);
        pace_end(&p, 1000, 9000);
        assert_int_equal(pace_wait_ms(&p, 9000), 0);
        pace_take(&p, 9000);
        assert_int_equal(pace_wait_ms(&p, 9600), 408); // 9000 begins a slot
}

static void test_given_back(void **state)
{
        (void)state;
        struct pace p;
        pace_init(&p, 5, 5, 1000);
        for (unsigned i = 0; i < 5; i++)
                take(&p, 1000);
        assert_int_equal(pace_wait_ms(&p, 1000), 1008); // 1000 begins a slot
        pace_give_back(&p);
        assert_int_equal(pace_wait_ms(&p, 1000), 0);
        take(&p, 1000);
        for (unsigned i = 0; i < 9; i++) // more than there are: nothing comes of it
                pace_give_back(&p);
        for (unsigned i = 0; i < 5; i++) {
                assert_int_equal(pace_wait_ms(&p, 1000), 0);
                take(&p, 1000);
        }
        assert_true(pace_wait_ms(&p, 1000) > 0);
}

static void test_another_rate(void **state)
{
        (void)state;
        struct pace p;
        int64_t now_ms = 5000;
        pace_init(&p, 100, 50, now_ms);
        for (unsigned i = 0; i < 50; i++)
                take(&p, now_ms);
        pace_set(&p, 10, 5, now_ms); // less: what has begun counts on
        assert_int_equal(pace_wait_ms(&p, now_ms), 1008);
        now_ms += 1008;
        taken = 0;
        for (unsigned i = 0; i < 5; i++) {
                assert_int_equal(pace_wait_ms(&p, now_ms), 0);
                take(&p, now_ms);
        }
        assert_int_equal(pace_wait_ms(&p, now_ms), 100);
        pace_set(&p, 1000, 1000, now_ms); // more: from now on
        assert_int_equal(pace_wait_ms(&p, now_ms), 1);
        assert_int_equal(pace_wait_ms(&p, now_ms + 1), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_all_rates),    cmocka_unit_test(test_whatever_comes),
            cmocka_unit_test(test_what_arrives), cmocka_unit_test(test_a_call_that_took_long),
            cmocka_unit_test(test_given_back),   cmocka_unit_test(test_another_rate),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
