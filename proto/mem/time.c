// SPDX-License-Identifier: Apache-2.0
// libc does the calendar, in UTC. The formats are parsed here, as strptime() accepts too much.
#include "proto/mem/time.h"

#include <errno.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

#define LAST_S INT64_C(253402300799) // 9999-12-31T23:59:59Z

static int calendar(int64_t time_s, struct tm *ret)
{
        return time_s >= 0 && time_s <= LAST_S && gmtime_r(&(time_t){time_s}, ret) ? 0 : -ERANGE;
}

// Only numbers, so that strftime() does not depend on the locale.
int time_format_rfc3339(int64_t time_s, char out[TIME_RFC3339_SIZE])
{
        struct tm tm;
        int r = calendar(time_s, &tm);
        if (r == 0)
                (void)strftime(out, TIME_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
        return r;
}

void time_show(int64_t time_s, char out[TIME_RFC3339_SIZE])
{
        if (time_format_rfc3339(time_s, out) < 0)
                memcpy(out, "an unknown time", sizeof("an unknown time"));
}

int time_format_amz(int64_t time_s, char out[TIME_AMZ_SIZE])
{
        struct tm tm;
        int r = calendar(time_s, &tm);
        if (r == 0)
                (void)strftime(out, TIME_AMZ_SIZE, "%Y%m%dT%H%M%SZ", &tm);
        return r;
}

// --- parsers: each removes what it read from *rest; false: not there ---

static bool take_byte(struct slice *rest, uint8_t byte)
{
        bool is_there = rest->n > 0 && rest->p[0] == byte;
        *rest = slice_from(*rest, is_there ? 1 : 0);
        return is_there;
}

static bool take_digits(struct slice *rest, size_t width, int *ret)
{
        uint64_t value = 0;
        if (rest->n < width || text_parse_u64(slice_head(*rest, width), &value) < 0)
                return false;
        *ret = (int)value; // at most four digits
        *rest = slice_from(*rest, width);
        return true;
}

// One of `names`, which have three letters each; from 0.
static bool take_name(struct slice *rest, const char *names, int *ret)
{
        for (size_t i = 0; rest->n >= 3 && i < strlen(names) / 3; i++) {
                if (memcmp(rest->p, names + 3 * i, 3) == 0) {
                        *ret = (int)i;
                        *rest = slice_from(*rest, 3);
                        return true;
                }
        }
        return false;
}

static bool take_field(struct slice *rest, char which, struct tm *tm)
{
        switch (which) {
        case 'Y':
                return take_digits(rest, 4, &tm->tm_year);
        case 'm':
                return take_digits(rest, 2, &tm->tm_mon) && tm->tm_mon-- > 0;
        case 'd':
                return take_digits(rest, 2, &tm->tm_mday);
        case 'H':
                return take_digits(rest, 2, &tm->tm_hour) && tm->tm_hour < 24;
        case 'M':
                return take_digits(rest, 2, &tm->tm_min) && tm->tm_min < 60;
        case 'S':
                return take_digits(rest, 2, &tm->tm_sec) && tm->tm_sec <= 60; // 60: a leap second
        case 'a':
                return take_name(rest, "MonTueWedThuFriSatSun", &tm->tm_wday);
        default:
                return take_name(rest, "JanFebMarAprMayJunJulAugSepOctNovDec", &tm->tm_mon);
        }
}

// Like strptime(), but strict: numbers must have all their digits, other bytes must match.
static bool take_form(struct slice *rest, const char *form, struct tm *tm)
{
        for (; *form; form++) {
                bool is_field = *form == '%';
                if (is_field ? !take_field(rest, *++form, tm) : !take_byte(rest, (uint8_t)*form))
                        return false;
        }
        return true;
}

// Seconds since 1970; false: there is no such day.
static bool to_seconds(const struct tm *tm, int64_t *ret_s)
{
        struct tm day = {.tm_year = tm->tm_year - 1900, .tm_mon = tm->tm_mon, .tm_mday = tm->tm_mday};
        int64_t day_s = timegm(&day);
        if (day.tm_mon != tm->tm_mon || day.tm_mday != tm->tm_mday) // the day does not exist: timegm() moved it
                return false;
        *ret_s = day_s + (int64_t)tm->tm_hour * HOUR_S + (int64_t)tm->tm_min * MINUTE_S + tm->tm_sec;
        return true;
}

static int parse(struct slice text, const char *form, int64_t *ret_s)
{
        struct tm tm = {0};
        return take_form(&text, form, &tm) && text.n == 0 && to_seconds(&tm, ret_s) ? 0 : -EINVAL;
}

int time_parse_amz(struct slice text, int64_t *ret_s)
{
        return parse(text, "%Y%m%dT%H%M%SZ", ret_s);
}

int time_parse_http_date(struct slice text, int64_t *ret_s)
{
        return parse(text, "%a, %d %b %Y %H:%M:%S GMT", ret_s);
}

static bool skip_fraction(struct slice *rest)
{
        int digit;
        if (!take_byte(rest, '.'))
                return true;
        bool has_digits = take_digits(rest, 1, &digit);
        while (take_digits(rest, 1, &digit))
                ;
        return has_digits;
}

// Parses the offset of local time from UTC, in seconds. The colon is optional, as in the output of date's %z.
static bool take_offset(struct slice *rest, int64_t *ret_s)
{
        struct tm ahead = {0};
        *ret_s = 0;
        if (take_byte(rest, 'Z') || take_byte(rest, 'z'))
                return true;
        bool is_west = take_byte(rest, '-');
        if ((!is_west && !take_byte(rest, '+')) || !take_field(rest, 'H', &ahead))
                return false;
        (void)take_byte(rest, ':');
        if (!take_field(rest, 'M', &ahead))
                return false;
        *ret_s = (int64_t)ahead.tm_hour * HOUR_S + (int64_t)ahead.tm_min * MINUTE_S;
        *ret_s = is_west ? -*ret_s : *ret_s;
        return true;
}

int time_parse_rfc3339(struct slice text, int64_t *ret_s)
{
        struct tm tm = {0};
        int64_t ahead_s = 0;
        if (!take_form(&text, "%Y-%m-%d", &tm) || !(take_byte(&text, 'T') || take_byte(&text, 't')) ||
            !take_form(&text, "%H:%M:%S", &tm) || !skip_fraction(&text) || !take_offset(&text, &ahead_s) ||
            text.n > 0 || !to_seconds(&tm, ret_s))
                return -EINVAL;
        *ret_s -= ahead_s;
        return 0;
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
        long long s = seconds > 0 ? seconds : 0;
        if (s < MINUTE_S)
                (void)snprintf(out, TIME_DURATION_SIZE, "%lld s", s);
        else if (s < HOUR_S)
                (void)snprintf(out, TIME_DURATION_SIZE, "%lld min", s / MINUTE_S);
        else if (s < 2LL * DAY_S)
                (void)snprintf(out, TIME_DURATION_SIZE, "%lld h %02lld min", s / HOUR_S, s / MINUTE_S % 60);
        else
                (void)snprintf(out, TIME_DURATION_SIZE, "%lld d", s / DAY_S);
}
