// SPDX-License-Identifier: Apache-2.0
// Plain calendar arithmetic: no time zone data, no locale, no state of libc.
#include "proto/mem/time.h"

#include <errno.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

struct civil {
        int64_t year;
        int month, day; // from 1
        int hour, minute, second;
};

static bool is_leap(int64_t year)
{
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int64_t year, int month)
{
        static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

// Days before the first of January of `year` (0 to 9999), counted from 1970.
static int64_t days_before_year(int64_t year)
{
        int64_t y = year - 1 + 400; // the calendar repeats every 400 years; keeps the divisions non-negative
        int64_t since_1 = y * 365 + y / 4 - y / 100 + y / 400;
        return since_1 - 146097 - 719162; // 400 years; days from 0001-01-01 to 1970-01-01
}

static int64_t civil_to_seconds(const struct civil *c)
{
        int64_t days = days_before_year(c->year) + c->day - 1;
        for (int month = 1; month < c->month; month++)
                days += days_in_month(c->year, month);
        return days * DAY_S + (int64_t)c->hour * HOUR_S + (int64_t)c->minute * MINUTE_S + c->second;
}

static bool civil_is_valid(const struct civil *c)
{
        return c->month >= 1 && c->month <= 12 && c->day >= 1 && c->day <= days_in_month(c->year, c->month) &&
               c->hour <= 23 && c->minute <= 59 && c->second <= 60; // 60: a leap second
}

static int civil_of(int64_t time_s, struct civil *ret)
{
        if (time_s < 0 || time_s >= days_before_year(10000) * DAY_S)
                return -ERANGE;
        int64_t days = time_s / DAY_S;
        int seconds = (int)(time_s % DAY_S);
        int64_t year = 1970 + days / 366; // at most too early
        while (days_before_year(year + 1) <= days)
                year++;
        int day = (int)(days - days_before_year(year));
        int month = 1;
        while (day >= days_in_month(year, month))
                day -= days_in_month(year, month++);
        *ret = (struct civil){year, month, day + 1, seconds / HOUR_S, seconds / MINUTE_S % 60, seconds % 60};
        return 0;
}

// Writes `width` digits and returns where they end.
static char *put_digits(char *out, int64_t value, int width)
{
        for (int i = width - 1; i >= 0; i--) {
                out[i] = (char)('0' + value % 10);
                value /= 10;
        }
        return out + width;
}

int time_format_rfc3339(int64_t time_s, char out[TIME_RFC3339_SIZE])
{
        struct civil c;
        if (civil_of(time_s, &c) < 0)
                return -ERANGE;
        char *p = put_digits(out, c.year, 4);
        *p++ = '-';
        p = put_digits(p, c.month, 2);
        *p++ = '-';
        p = put_digits(p, c.day, 2);
        *p++ = 'T';
        p = put_digits(p, c.hour, 2);
        *p++ = ':';
        p = put_digits(p, c.minute, 2);
        *p++ = ':';
        p = put_digits(p, c.second, 2);
        *p++ = 'Z';
        *p = 0;
        return 0;
}

int time_format_amz(int64_t time_s, char out[TIME_AMZ_SIZE])
{
        struct civil c;
        if (civil_of(time_s, &c) < 0)
                return -ERANGE;
        char *p = put_digits(out, c.year, 4);
        p = put_digits(p, c.month, 2);
        p = put_digits(p, c.day, 2);
        *p++ = 'T';
        p = put_digits(p, c.hour, 2);
        p = put_digits(p, c.minute, 2);
        p = put_digits(p, c.second, 2);
        *p++ = 'Z';
        *p = 0;
        return 0;
}

// A reader with a sticky error, checked once at the end.
struct reader {
        struct slice rest;
        bool bad;
};

static int take_digits(struct reader *r, size_t width)
{
        uint64_t value = 0;
        if (r->bad || r->rest.n < width || text_parse_u64(slice_head(r->rest, width), &value) < 0) {
                r->bad = true;
                return 0;
        }
        r->rest = slice_from(r->rest, width);
        return (int)value; // at most four digits
}

static bool take_if(struct reader *r, uint8_t byte)
{
        if (r->bad || r->rest.n == 0 || r->rest.p[0] != byte)
                return false;
        r->rest = slice_from(r->rest, 1);
        return true;
}

static void take(struct reader *r, struct slice text)
{
        if (r->bad || !slice_starts_with(r->rest, text))
                r->bad = true;
        else
                r->rest = slice_from(r->rest, text.n);
}

static void skip_fraction(struct reader *r)
{
        if (!take_if(r, '.'))
                return;
        (void)take_digits(r, 1);
        while (!r->bad && r->rest.n > 0 && r->rest.p[0] >= '0' && r->rest.p[0] <= '9')
                r->rest = slice_from(r->rest, 1);
}

// Seconds that local time is ahead of UTC. The colon may be missing, as in the output of date's %z.
static int64_t take_offset(struct reader *r)
{
        if (take_if(r, 'Z') || take_if(r, 'z'))
                return 0;
        bool west = take_if(r, '-');
        if (!west)
                take(r, SLICE("+"));
        int hours = take_digits(r, 2);
        (void)take_if(r, ':');
        int minutes = take_digits(r, 2);
        if (hours > 23 || minutes > 59)
                r->bad = true;
        int64_t seconds = (int64_t)hours * HOUR_S + (int64_t)minutes * MINUTE_S;
        return west ? -seconds : seconds;
}

int time_parse_rfc3339(struct slice text, int64_t *ret_s)
{
        struct reader r = {.rest = text};
        struct civil c = {0};
        c.year = take_digits(&r, 4);
        take(&r, SLICE("-"));
        c.month = take_digits(&r, 2);
        take(&r, SLICE("-"));
        c.day = take_digits(&r, 2);
        if (!take_if(&r, 't'))
                take(&r, SLICE("T"));
        c.hour = take_digits(&r, 2);
        take(&r, SLICE(":"));
        c.minute = take_digits(&r, 2);
        take(&r, SLICE(":"));
        c.second = take_digits(&r, 2);
        skip_fraction(&r);
        int64_t ahead_s = take_offset(&r);
        if (r.bad || r.rest.n > 0 || !civil_is_valid(&c))
                return -EINVAL;
        *ret_s = civil_to_seconds(&c) - ahead_s;
        return 0;
}

int time_parse_amz(struct slice text, int64_t *ret_s)
{
        struct reader r = {.rest = text};
        struct civil c = {0};
        c.year = take_digits(&r, 4);
        c.month = take_digits(&r, 2);
        c.day = take_digits(&r, 2);
        take(&r, SLICE("T"));
        c.hour = take_digits(&r, 2);
        c.minute = take_digits(&r, 2);
        c.second = take_digits(&r, 2);
        take(&r, SLICE("Z"));
        if (r.bad || r.rest.n > 0 || !civil_is_valid(&c))
                return -EINVAL;
        *ret_s = civil_to_seconds(&c);
        return 0;
}

// Which of `names` comes next, from 0; all have three letters.
static int take_name(struct reader *r, const struct slice *names, int count)
{
        for (int i = 0; i < count; i++) {
                if (!r->bad && slice_starts_with(r->rest, names[i])) {
                        r->rest = slice_from(r->rest, names[i].n);
                        return i;
                }
        }
        r->bad = true;
        return 0;
}

int time_parse_http_date(struct slice text, int64_t *ret_s)
{
        static const struct slice days[7] = {SLICE_INIT("Mon"), SLICE_INIT("Tue"), SLICE_INIT("Wed"), SLICE_INIT("Thu"),
                                             SLICE_INIT("Fri"), SLICE_INIT("Sat"), SLICE_INIT("Sun")};
        static const struct slice months[12] = {SLICE_INIT("Jan"), SLICE_INIT("Feb"), SLICE_INIT("Mar"),
                                                SLICE_INIT("Apr"), SLICE_INIT("May"), SLICE_INIT("Jun"),
                                                SLICE_INIT("Jul"), SLICE_INIT("Aug"), SLICE_INIT("Sep"),
                                                SLICE_INIT("Oct"), SLICE_INIT("Nov"), SLICE_INIT("Dec")};
        struct reader r = {.rest = text};
        struct civil c = {0};
        (void)take_name(&r, days, 7);
        take(&r, SLICE(", "));
        c.day = take_digits(&r, 2);
        take(&r, SLICE(" "));
        c.month = 1 + take_name(&r, months, 12);
        take(&r, SLICE(" "));
        c.year = take_digits(&r, 4);
        take(&r, SLICE(" "));
        c.hour = take_digits(&r, 2);
        take(&r, SLICE(":"));
        c.minute = take_digits(&r, 2);
        take(&r, SLICE(":"));
        c.second = take_digits(&r, 2);
        take(&r, SLICE(" GMT"));
        if (r.bad || r.rest.n > 0 || !civil_is_valid(&c))
                return -EINVAL;
        *ret_s = civil_to_seconds(&c);
        return 0;
}

static char *put_number(char *out, int64_t value)
{
        int width = 1;
        for (int64_t rest = value; rest >= 10; rest /= 10)
                width++;
        return put_digits(out, value, width);
}

int time_parse_duration(struct slice text, int64_t *ret_s)
{
        static const struct {
                uint8_t letter;
                int64_t seconds;
        } units[] = {{'s', 1}, {'m', MINUTE_S}, {'h', HOUR_S}, {'d', DAY_S}};
        int64_t unit_s = 1;
        uint64_t number = 0;
        for (size_t i = 0; text.n > 0 && i < LENGTH(units); i++) {
                if (text.p[text.n - 1] == units[i].letter) {
                        unit_s = units[i].seconds;
                        text.n--;
                        break;
                }
        }
        int r = text_parse_u64(text, &number);
        if (r < 0)
                return r;
        if (number > INT32_MAX)
                return -ERANGE;
        *ret_s = (int64_t)number * unit_s;
        return 0;
}

void time_format_duration(int64_t seconds, char out[TIME_DURATION_SIZE])
{
        if (seconds < 0)
                seconds = 0;
        char *p = out;
        const char *unit = " d";
        if (seconds < MINUTE_S) {
                p = put_number(p, seconds);
                unit = " s";
        } else if (seconds < HOUR_S) {
                p = put_number(p, seconds / MINUTE_S);
                unit = " min";
        } else if (seconds < (int64_t)2 * DAY_S) {
                p = put_number(p, seconds / HOUR_S);
                memcpy(p, " h ", 3);
                p = put_digits(p + 3, seconds / MINUTE_S % 60, 2);
                unit = " min";
        } else {
                p = put_number(p, seconds / DAY_S);
        }
        for (; *unit; unit++)
                *p++ = *unit;
        *p = 0;
}
