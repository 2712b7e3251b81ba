// SPDX-License-Identifier: Apache-2.0
#include "proto/mem/time.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

static void test_both_ways(void **state)
{
        static const struct {
                int64_t time_s;
                const char *rfc3339, *amz;
        } rows[] = {
            {0, "1970-01-01T00:00:00Z", "19700101T000000Z"},
            {68169599, "1972-02-28T23:59:59Z", "19720228T235959Z"},
            {68169600, "1972-02-29T00:00:00Z", "19720229T000000Z"},
            {951782400, "2000-02-29T00:00:00Z", "20000229T000000Z"},
            {1440938160, "2015-08-30T12:36:00Z", "20150830T123600Z"},
            {1788264000, "2026-09-01T12:00:00Z", "20260901T120000Z"},
            {4107542399, "2100-02-28T23:59:59Z", "21000228T235959Z"},
            {4107542400, "2100-03-01T00:00:00Z", "21000301T000000Z"}, // 2100 has no leap day
            {253402300799, "9999-12-31T23:59:59Z", "99991231T235959Z"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char rfc3339[TIME_RFC3339_SIZE];
                char amz[TIME_AMZ_SIZE];
                int64_t time_s = -1;
                assert_int_equal(time_format_rfc3339(rows[i].time_s, rfc3339), 0);
                assert_string_equal(rfc3339, rows[i].rfc3339);
                assert_int_equal(time_format_amz(rows[i].time_s, amz), 0);
                assert_string_equal(amz, rows[i].amz);
                assert_int_equal(time_parse_rfc3339(slice_str(rfc3339), &time_s), 0);
                assert_int_equal(time_s, rows[i].time_s);
                time_s = -1;
                assert_int_equal(time_parse_amz(slice_str(amz), &time_s), 0);
                assert_int_equal(time_s, rows[i].time_s);
        }
}

// Every day of four centuries: the calendar repeats after them.
static void test_each_day(void **state)
{
        char before[TIME_RFC3339_SIZE] = "";
        (void)state;
        for (int64_t day = 0; day < 146097; day++) {
                char text[TIME_RFC3339_SIZE];
                int64_t back = -1;
                assert_int_equal(time_format_rfc3339(day * 86400 + 43200, text), 0);
                assert_true(strcmp(text, before) > 0);
                assert_int_equal(time_parse_rfc3339(slice_str(text), &back), 0);
                assert_int_equal(back, day * 86400 + 43200);
                memcpy(before, text, sizeof(before));
        }
        assert_string_equal(before, "2369-12-31T12:00:00Z");
}

static void test_out_of_range(void **state)
{
        static const int64_t rows[] = {-1, INT64_MIN, 253402300800, INT64_MAX};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char rfc3339[TIME_RFC3339_SIZE];
                char amz[TIME_AMZ_SIZE];
                assert_int_equal(time_format_rfc3339(rows[i], rfc3339), -ERANGE);
                assert_int_equal(time_format_amz(rows[i], amz), -ERANGE);
        }
}

struct parse_row {
        const char *text;
        int r;
        int64_t time_s;
};

static void run_parse(const struct parse_row *rows, size_t n, int (*parse)(struct slice, int64_t *))
{
        for (size_t i = 0; i < n; i++) {
                struct slice text = guard_copy(slice_str(rows[i].text));
                int64_t time_s = 0;
                int r = parse(text, &time_s);
                if (r != rows[i].r || time_s != rows[i].time_s)
                        fail_msg("%s: %d, %lld", rows[i].text, r, (long long)time_s);
                guard_free(text);
        }
}

static void test_parse_rfc3339(void **state)
{
        static const struct parse_row rows[] = {
            {"2026-09-01T12:00:00.999Z", 0, 1788264000},
            {"2026-09-01T12:00:00.123456789123Z", 0, 1788264000},
            {"2026-09-01T14:00:00+02:00", 0, 1788264000},
            {"2026-09-01T14:00:00+0200", 0, 1788264000},
            {"2026-09-01T06:30:00.5-05:30", 0, 1788264000},
            {"2026-09-01t12:00:00z", 0, 1788264000},
            {"2026-09-01T12:00:00-00:00", 0, 1788264000},
            {"2016-12-31T23:59:60Z", 0, 1483228800},
            {"1969-12-31T23:59:59Z", 0, -1},
            {"0001-01-01T00:00:00Z", 0, -62135596800},
            {"", -EINVAL, 0},
            {"2026-09-01", -EINVAL, 0},
            {"2026-09-01T12:00:00", -EINVAL, 0},
            {"2026-09-01 12:00:00Z", -EINVAL, 0},
            {"2026-09-01T12:00:00.Z", -EINVAL, 0},
            {"2026-09-01T12:00:00ZZ", -EINVAL, 0},
            {"2026-09-01T12:00:00Z ", -EINVAL, 0},
            {" 2026-09-01T12:00:00Z", -EINVAL, 0},
            {"2026-9-1T12:00:00Z", -EINVAL, 0},
            {"2026-13-01T12:00:00Z", -EINVAL, 0},
            {"2026-00-01T12:00:00Z", -EINVAL, 0},
            {"2026-02-29T12:00:00Z", -EINVAL, 0},
            {"1900-02-29T12:00:00Z", -EINVAL, 0},
            {"2026-04-31T12:00:00Z", -EINVAL, 0},
            {"2026-09-00T12:00:00Z", -EINVAL, 0},
            {"2026-09-01T24:00:00Z", -EINVAL, 0},
            {"2026-09-01T12:60:00Z", -EINVAL, 0},
            {"2026-09-01T12:00:61Z", -EINVAL, 0},
            {"2026-09-01T12:00:00+24:00", -EINVAL, 0},
            {"2026-09-01T12:00:00+02:60", -EINVAL, 0},
            {"2026-09-01T12:00:00+02", -EINVAL, 0},
            {"2026-09-01T12:00:00+", -EINVAL, 0},
            {"-026-09-01T12:00:00Z", -EINVAL, 0},
            {"20260901T120000Z", -EINVAL, 0},
        };
        (void)state;
        run_parse(rows, LENGTH(rows), time_parse_rfc3339);
}

static void test_parse_amz(void **state)
{
        static const struct parse_row rows[] = {
            {"20150830T123600Z", 0, 1440938160},
            {"20150830T123600", -EINVAL, 0},
            {"20150830T123600ZZ", -EINVAL, 0},
            {"20150832T123600Z", -EINVAL, 0},
            {"20150830t123600z", -EINVAL, 0},
            {"2015083 T123600Z", -EINVAL, 0},
            {"", -EINVAL, 0},
            {"20150830", -EINVAL, 0},
        };
        (void)state;
        run_parse(rows, LENGTH(rows), time_parse_amz);
}

static void test_parse_http_date(void **state)
{
        static const struct parse_row rows[] = {
            {"Sun, 06 Nov 1994 08:49:37 GMT", 0, 784111777}, // RFC 9110, section 5.6.7
            {"Tue, 01 Sep 2026 12:00:00 GMT", 0, 1788264000}, {"Thu, 31 Dec 2026 23:59:59 GMT", 0, 1798761599},
            {"Sunday, 06-Nov-94 08:49:37 GMT", -EINVAL, 0},   {"Sun Nov  6 08:49:37 1994", -EINVAL, 0},
            {"Sun, 06 Nov 1994 08:49:37 UTC", -EINVAL, 0},    {"Sun, 06 nov 1994 08:49:37 GMT", -EINVAL, 0},
            {"Sun, 6 Nov 1994 08:49:37 GMT", -EINVAL, 0},     {"Foo, 06 Nov 1994 08:49:37 GMT", -EINVAL, 0},
            {"Sun, 31 Nov 1994 08:49:37 GMT", -EINVAL, 0},    {"Sun, 06 Nov 1994 08:49:37 GMT ", -EINVAL, 0},
            {"Sun, 06 Nov 1994 08:49:37", -EINVAL, 0},        {"", -EINVAL, 0},
        };
        (void)state;
        run_parse(rows, LENGTH(rows), time_parse_http_date);
}

static void test_durations(void **state)
{
        static const struct {
                int64_t seconds;
                const char *text;
        } rows[] = {
            {INT64_MIN, "0 s"},
            {-1, "0 s"},
            {0, "0 s"},
            {58, "58 s"},
            {59, "59 s"},
            {60, "1 min"},
            {2579, "42 min"},
            {3599, "59 min"},
            {3600, "1 h 00 min"},
            {11100, "3 h 05 min"},
            {172799, "47 h 59 min"},
            {172800, "2 d"},
            {1036800, "12 d"},
            {INT64_MAX, "106751991167300 d"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char text[TIME_DURATION_SIZE];
                time_format_duration(rows[i].seconds, text);
                assert_string_equal(text, rows[i].text);
        }
}

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
            {"2147483647", 0, 2147483647},
            {"2147483648", -ERANGE, 0},
            {"2147483648s", -ERANGE, 0},
            {"99999999999999999999d", -ERANGE, 0},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                int64_t seconds = 0;
                assert_int_equal(time_parse_duration(slice_str(rows[i].text), &seconds), rows[i].r);
                assert_int_equal(seconds, rows[i].seconds);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_both_ways),    cmocka_unit_test(test_each_day),
            cmocka_unit_test(test_out_of_range), cmocka_unit_test(test_parse_rfc3339),
            cmocka_unit_test(test_parse_amz),    cmocka_unit_test(test_parse_http_date),
            cmocka_unit_test(test_durations),    cmocka_unit_test(reads_durations_with_one_unit),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
