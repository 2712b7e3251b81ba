// SPDX-License-Identifier: Apache-2.0
// The forms are judged by dateutil (tests/e2e/test_timestamps_judge.py); here are the ends of them.
#include "sidecar/base/timestamp.h"

#include <errno.h>

#include "tests/unit/unit.h"

static void reads_what_names_its_zone(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int64_t time_s; // -1: refused
        } t[] = {
            {"2026-12-01T03:11:08Z", 1796094668},
            {"2026-12-01T03:11:08UTC", 1796094668},
            {"2026-12-01 03:11:08+00:00", 1796094668},
            {"2026-12-01T03:11:08.999999Z", 1796094668},
            {"Tue, 01 Dec 2026 03:11:08 GMT", 1796094668},
            {"20261201T031108Z", 1796094668},
            {"2026-12-01T03:11Z", 1796094660},
            {"12/1/2026 3:11:08 AM UTC", 1796094668},
            {"2026-12-01T04:11:08+01", 1796094668},
            {"2026-12-01 02:11:08 GMT+1", 1796094668}, // POSIX's sign, as in botocore
            {"1970-01-01T00:00:00Z", 0},
            {"9999-12-31T23:59:59Z", 253402300799},
            {"", -1},
            {" ", -1},
            {"Z", -1},
            {"2026-12-01T03:11:08", -1},
            {"2026-12-01", -1},
            {"2026-12-01Z", -1},
            {"2026-12-01T03:11:08 EST", -1},
            {"2026-02-29T03:11:08Z", -1},
            {"2026-12-01T25:11:08Z", -1},
            {"2026-12-01T03:61:08Z", -1},
            {"2026-12-01T03:11:08+25:00", -1},
            {"2026-12-01T03:11:08Z Z", -1},
            {"2026-12-01 2026-12-01T03:11:08Z", -1},
            {"2026-12-01T03:11:08Z 04:12", -1},
            {"1969-12-31T23:59:59Z", -1},
            {"1970-01-01T00:00:00+00:01", -1},
            {"9999-12-31T23:59:59-00:01", -1},
            {"9999-12-31T23:59:59-23:59", -1},
            {"1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 Z", -1},
            {"99999999999999999999999999999999999999999999-12-01T03:11:08Z", -1},
            {"2026-12-01T03:11:08                                                                             "
             "                                                                                    Z",
             -1},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                int64_t time_s = 42;
                int r = timestamp_parse(slice_str(t[i].text), &time_s);
                int64_t expected = t[i].time_s < 0 ? 42 : t[i].time_s;
                if (r != (t[i].time_s < 0 ? -EINVAL : 0) || time_s != expected)
                        fail_msg("%s: %d, %lld", t[i].text, r, (long long)time_s);
        }
        int64_t time_s;
        assert_int_equal(timestamp_parse(slice_of("2026-12-01T03:11:08Z\0", 21), &time_s), -EINVAL);
        assert_int_equal(timestamp_parse(slice_of(NULL, 0), &time_s), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_what_names_its_zone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
