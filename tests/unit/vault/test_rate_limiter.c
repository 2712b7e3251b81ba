// SPDX-License-Identifier: Apache-2.0
#include "sidecar/vault/rate_limiter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { MOST = 200000 };

static int64_t taken_ms[MOST];
static size_t taken;

static struct rate_limiter limiter(int64_t rate, int64_t burst)
{
        struct rate_limiter l = {0};
        rate_limiter_set(&l, rate, burst, 0);
        return l;
}

static void take(struct rate_limiter *l, int64_t now_ms)
{
        assert_true(taken < MOST);
        rate_limiter_begin(l, now_ms);
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

static void no_second_has_more_than_the_rate(void **state)
{
        (void)state;
        static const int64_t rates[][2] = {{1, 1},    {2, 2},     {3, 1},   {10, 10},
                                           {100, 20}, {100, 100}, {999, 7}, {10000, 10000}};
        for (size_t i = 0; i < LENGTH(rates); i++) {
                int64_t rate = rates[i][0], burst = rates[i][1], now_ms = 123456789;
                struct rate_limiter l = limiter(rate, burst);
                taken = 0;
                int64_t end_ms = now_ms + 10000;
                while (now_ms < end_ms) {
                        int64_t wait_ms = rate_limiter_wait_ms(&l, now_ms);
                        if (wait_ms == 0)
                                take(&l, now_ms);
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
static void bounds_hold_for_idle_spells_and_late_timers(void **state)
{
        (void)state;
        for (unsigned seed = 1; seed <= 50; seed++) {
                dice = seed;
                int64_t rate = 1 + roll(300), burst = 1 + roll(rate), now_ms = roll(100000);
                struct rate_limiter l = limiter(rate, burst);
                taken = 0;
                for (unsigned i = 0; i < 20000; i++) {
                        now_ms += roll(8) ? roll(3) : roll(64) ? roll(40) : roll(3000);
                        if (rate_limiter_wait_ms(&l, now_ms) > 0)
                                continue;
                        take(&l, now_ms);
                        if (roll(10) == 0) { // it did not call after all
                                rate_limiter_undo(&l, now_ms);
                                taken--;
                        }
                }
                assert_in_range(most_in(0, 1000), 1, rate);
        }
}

// What arrives, at any time between the begin of a call and its end.
static void calls_that_arrive_late_stay_within_the_rate(void **state)
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
                struct rate_limiter l = limiter(rate, burst);
                memset(arrivals, 0, sizeof(arrivals));
                size_t begun = 0;
                for (int64_t now_ms = 1; now_ms < STEPS; now_ms++) {
                        for (size_t i = 0; i < UNDER_WAY; i++) {
                                if (calls[i].ends_ms && calls[i].ends_ms <= now_ms) {
                                        rate_limiter_end(&l, calls[i].begun_ms, now_ms);
                                        calls[i].ends_ms = 0;
                                }
                                if (calls[i].ends_ms || roll(4) || rate_limiter_wait_ms(&l, now_ms) > 0)
                                        continue;
                                rate_limiter_begin(&l, now_ms);
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

static void a_call_longer_than_a_second_counts_from_its_end(void **state)
{
        (void)state;
        struct rate_limiter l = limiter(2, 2);
        rate_limiter_begin(&l, 1000);
        rate_limiter_end(&l, 1000, 9000);
        assert_int_equal(rate_limiter_wait_ms(&l, 9000), 0);
        rate_limiter_begin(&l, 9000);
        assert_int_equal(rate_limiter_wait_ms(&l, 9600), 408); // 9000 begins a slot
}

static void an_undone_call_does_not_count(void **state)
{
        (void)state;
        struct rate_limiter l = limiter(5, 5);
        for (unsigned i = 0; i < 5; i++)
                rate_limiter_begin(&l, 1000);
        assert_int_equal(rate_limiter_wait_ms(&l, 1000), 1008); // 1000 begins a slot
        for (unsigned undone = 1; undone <= 5; undone++) {
                for (unsigned i = 0; i < undone; i++)
                        rate_limiter_undo(&l, 1000);
                for (unsigned i = 0; i < undone; i++) {
                        assert_int_equal(rate_limiter_wait_ms(&l, 1000), 0);
                        rate_limiter_begin(&l, 1000);
                }
                assert_int_equal(rate_limiter_wait_ms(&l, 1000), 1008);
        }
        rate_limiter_undo(&l, 1000);
        assert_int_equal(rate_limiter_wait_ms(&l, 1001), 0);
        rate_limiter_begin(&l, 1001);
        rate_limiter_undo(&l, 1001);
        assert_int_equal(rate_limiter_wait_ms(&l, 2007), 0); // the other four are over, too
}

static void a_new_rate_counts_what_has_begun(void **state)
{
        (void)state;
        struct rate_limiter l = limiter(100, 50);
        int64_t now_ms = 5000;
        for (unsigned i = 0; i < 50; i++)
                take(&l, now_ms);
        rate_limiter_set(&l, 10, 5, now_ms); // less: what has begun counts on
        assert_int_equal(rate_limiter_wait_ms(&l, now_ms), 1008);
        now_ms += 1008;
        taken = 0;
        for (unsigned i = 0; i < 5; i++) {
                assert_int_equal(rate_limiter_wait_ms(&l, now_ms), 0);
                take(&l, now_ms);
        }
        assert_int_equal(rate_limiter_wait_ms(&l, now_ms), 100);
        rate_limiter_set(&l, 1000, 1000, now_ms); // more: a burst at once, less what the old rate made later
        for (unsigned i = 0; i < 500; i++) {
                assert_int_equal(rate_limiter_wait_ms(&l, now_ms), 0);
                take(&l, now_ms);
        }
        assert_int_equal(rate_limiter_wait_ms(&l, now_ms), 1);

        l = limiter(2, 2);
        rate_limiter_begin(&l, now_ms);
        rate_limiter_begin(&l, now_ms);
        rate_limiter_set(&l, 100, 1, now_ms); // what the old rate made later does not hold up the new one
        assert_int_equal(rate_limiter_wait_ms(&l, now_ms), 10);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(no_second_has_more_than_the_rate),
            cmocka_unit_test(bounds_hold_for_idle_spells_and_late_timers),
            cmocka_unit_test(calls_that_arrive_late_stay_within_the_rate),
            cmocka_unit_test(a_call_longer_than_a_second_counts_from_its_end),
            cmocka_unit_test(an_undone_call_does_not_count),
            cmocka_unit_test(a_new_rate_counts_what_has_begun),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
