// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/log_limiter.h"

#include <string.h>

#include "tests/unit/unit.h"

static unsigned admitted(struct log_limiter *l, const char *event, uint32_t uid, int64_t now_ms, unsigned tries)
{
        unsigned count = 0;
        for (unsigned i = 0; i < tries; i++)
                count += log_limiter_admits(l, event, uid, now_ms);
        return count;
}

struct counts {
        unsigned reports;
        uint64_t dropped;
        uint32_t uid;
        const char *event;
};

static void count(void *arg, const struct log_limiter_slot *slot)
{
        struct counts *counts = arg;
        counts->reports++;
        counts->dropped += slot->dropped;
        counts->uid = slot->uid;
        counts->event = slot->event;
}

static void admits_a_burst_and_then_one_in_a_while(void **state)
{
        static struct log_limiter l;
        (void)state;
        memset(&l, 0, sizeof(l));
        assert_int_equal(LOG_LIMITER_BURST_N, 10); // SECURITY.md says so
        assert_int_equal(LOG_LIMITER_EVERY_MS, 10000);
        assert_int_equal(admitted(&l, "e", 7, 1000, 100), LOG_LIMITER_BURST_N);
        assert_int_equal(admitted(&l, "e", 7, 1000 + LOG_LIMITER_EVERY_MS - 1, 100), 0);
        assert_int_equal(admitted(&l, "e", 7, 1000 + LOG_LIMITER_EVERY_MS, 100), 1);
        assert_int_equal(admitted(&l, "e", 7, 1000 + 3 * LOG_LIMITER_EVERY_MS, 100), 2);
        struct counts counts = {0};
        log_limiter_report(&l, count, &counts);
        assert_int_equal(counts.reports, 1);
        assert_int_equal(counts.dropped, 90 + 100 + 99 + 98);
        assert_int_equal(counts.uid, 7);
        assert_string_equal(counts.event, "e");
        log_limiter_report(&l, count, &counts);
        assert_int_equal(counts.reports, 1); // it begins anew
        // After a long time: a burst, no more.
        assert_int_equal(admitted(&l, "e", 7, 1000 + (int64_t)1000 * LOG_LIMITER_EVERY_MS, 100), LOG_LIMITER_BURST_N);
}

static void charges_each_uid_and_event_for_itself(void **state)
{
        static struct log_limiter l;
        (void)state;
        memset(&l, 0, sizeof(l));
        assert_int_equal(admitted(&l, "e", 1, 0, 100), LOG_LIMITER_BURST_N);
        assert_int_equal(admitted(&l, "e", 2, 0, 100), LOG_LIMITER_BURST_N);
        assert_int_equal(admitted(&l, "f", 1, 0, 100), LOG_LIMITER_BURST_N);
        assert_int_equal(admitted(&l, "e", 1, 0, 100), 0);
}

// More uids than are kept apart: those beyond share, whoever was there before keeps its own, and memory does not grow.
static void lets_uids_share_where_there_are_too_many(void **state)
{
        static struct log_limiter l;
        (void)state;
        memset(&l, 0, sizeof(l));
        for (uint32_t uid = 0; uid < LOG_LIMITER_SLOTS_N; uid++)
                assert_int_equal(admitted(&l, "e", uid, 0, LOG_LIMITER_BURST_N + 1), LOG_LIMITER_BURST_N);
        unsigned shared = 0;
        for (uint32_t uid = LOG_LIMITER_SLOTS_N; uid < 70000; uid++)
                shared += admitted(&l, "e", uid, 0, 1);
        assert_int_equal(shared, LOG_LIMITER_BURST_N);
        int64_t later = LOG_LIMITER_EVERY_MS;
        assert_int_equal(admitted(&l, "e", 0, later, 10), 1);
        // Once they are quiet, and their counts are reported, others take their places.
        struct counts counts = {0};
        log_limiter_report(&l, count, &counts);
        assert_int_equal(counts.reports, LOG_LIMITER_SLOTS_N + 1);
        assert_int_equal(counts.uid, LOG_LIMITER_OTHERS);
        later = (int64_t)(LOG_LIMITER_BURST_N + 1) * LOG_LIMITER_EVERY_MS;
        assert_int_equal(admitted(&l, "e", 80000, later, 100), LOG_LIMITER_BURST_N);
        assert_int_equal(admitted(&l, "e", 80001, later, 100), LOG_LIMITER_BURST_N);
}

static void counts_where_there_are_more_events_than_expected(void **state)
{
        static struct log_limiter l;
        static const char *const events[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
        (void)state;
        memset(&l, 0, sizeof(l));
        for (uint32_t uid = 0; uid < LOG_LIMITER_SLOTS_N; uid++)
                assert_true(log_limiter_admits(&l, "x", uid, 0));
        for (size_t i = 0; i < LOG_LIMITER_SHARED_N; i++)
                assert_true(log_limiter_admits(&l, events[i], 1, 0));
        assert_false(log_limiter_admits(&l, events[LOG_LIMITER_SHARED_N], 1, 0));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(admits_a_burst_and_then_one_in_a_while),
            cmocka_unit_test(charges_each_uid_and_event_for_itself),
            cmocka_unit_test(lets_uids_share_where_there_are_too_many),
            cmocka_unit_test(counts_where_there_are_more_events_than_expected),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
