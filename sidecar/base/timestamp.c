// SPDX-License-Identifier: Apache-2.0
// Each token is judged by what it is and what follows it.
#include "sidecar/base/timestamp.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "sidecar/base/timestamp_tokens.h"

enum { TEXT_MAX = 128, HOUR_S = 3600, MINUTE_S = 60 };

struct reading {
        struct token tokens[TOKENS_SIZE];
        size_t at;
        int date[3]; // in the order of the text
        size_t date_n;
        int year_at, month_at;     // which of them is known to be it; -1
        int hour, minute, second;  // -1: not seen
        int offset_s;              // east of UTC
        bool has_zone, has_offset; // an offset may follow the name of a zone
        bool is_posix;             // … and then counts the other way
        bool is_named;             // it has a name that is not UTC's
};

static const struct token *ahead(const struct reading *r, size_t n)
{
        return &r->tokens[r->at + n];
}

// --- the date ---

static int find_month(const struct token *t)
{
        static const char *const months[] = {"january", "february", "march",     "april",   "may",      "june",
                                             "july",    "august",   "september", "october", "november", "december"};
        return token_is_word(t, "sept") ? 8 : token_find_name(t, months, LENGTH(months));
}

static bool add_date(struct reading *r, const struct token *t)
{
        int month = find_month(t);
        bool is_number = t->kind == TOKEN_NUMBER && (t->text.n <= 2 || t->text.n == 4);
        if (r->date_n == LENGTH(r->date) || (month < 0 && !is_number) || (month >= 0 && r->month_at >= 0))
                return false;
        if (month >= 0)
                r->month_at = (int)r->date_n;
        else if (t->text.n > 2 && r->year_at < 0)
                r->year_at = (int)r->date_n;
        r->date[r->date_n++] = month >= 0 ? month + 1 : token_number(t->text);
        return true;
}

// "2026-12-01", "1/Dec/2026": from the token at hand, two or three parts with the same mark between them.
static bool take_separated(struct reading *r)
{
        char mark[2] = {(char)ahead(r, 1)->text.p[0], '\0'};
        if (!add_date(r, ahead(r, 0)) || !add_date(r, ahead(r, 2)))
                return false;
        r->at += 3;
        if (!token_is_mark(ahead(r, 0), mark))
                return true;
        if (!add_date(r, ahead(r, 1)))
                return false;
        r->at += 2;
        return true;
}

// Numbers without marks: from the left, parts of these widths.
static bool take_packed(struct reading *r, struct slice digits, bool has_century)
{
        size_t year_n = has_century ? 4 : 2;
        if (r->date_n > 0)
                return false;
        for (size_t i = 0; i < 3; i++) {
                struct token part = {TOKEN_NUMBER, slice_head(digits, i == 0 ? year_n : 2)};
                if (!add_date(r, &part))
                        return false;
                digits = slice_from(digits, part.text.n);
        }
        return true;
}

// Puts the parts in the order year, month, day. What no name and no width decides, the values do, as botocore has it.
static bool order_date(struct reading *r)
{
        int *d = r->date;
        int year_at = r->year_at, month_at = r->month_at;
        int first = month_at == 0 ? 1 : 0; // of the two beside the name of a month
        if (month_at >= 0 && year_at < 0)
                year_at = month_at == 2 ? (d[1] > 31 ? 1 : 0) : (d[first] > 31 ? first : 2);
        if (year_at < 0)
                year_at = d[0] > 31 ? 0 : 2;
        if (month_at < 0)
                month_at = year_at == 0 || d[0] > 12 ? 1 : 0;
        if (year_at == month_at)
                return false;
        int ordered[3] = {d[year_at], d[month_at], d[3 - year_at - month_at]};
        memcpy(d, ordered, sizeof(ordered));
        if (r->year_at < 0) // of two digits: of this century or the last
                d[0] += d[0] < 76 ? 2000 : 1900;
        return true;
}

// --- the time ---

static bool has_time(const struct reading *r)
{
        return r->hour >= 0;
}

// "3:11", "03:11:08.5".
static bool take_clock(struct reading *r)
{
        const struct token *minute = ahead(r, 2);
        if (has_time(r) || ahead(r, 0)->text.n > 2 || minute->kind != TOKEN_NUMBER || minute->text.n > 2)
                return false;
        r->hour = token_number(ahead(r, 0)->text);
        r->minute = token_number(minute->text);
        r->second = 0;
        r->at += 3;
        if (!token_is_mark(ahead(r, 0), ":"))
                return true;
        const struct token *second = ahead(r, 1);
        if ((second->kind != TOKEN_NUMBER && second->kind != TOKEN_FRACTION) || token_whole_part(second).n > 2)
                return false;
        r->second = token_number(token_whole_part(second));
        r->at += 2;
        return true;
}

static bool take_packed_clock(struct reading *r, struct slice digits)
{
        if (has_time(r))
                return false;
        r->hour = token_number(slice_head(digits, 2));
        r->minute = token_number(slice_head(slice_from(digits, 2), 2));
        r->second = token_number(slice_from(digits, 4));
        return true;
}

// "3h", "11 min", "8.5s": which of hour, minute and second the word behind the number says; -1: none.
static int find_unit(const struct token *t)
{
        static const char *const units[][3] = {
            {"h", "hour", "hours"}, {"m", "minute", "minutes"}, {"s", "second", "seconds"}};
        for (size_t i = 0; i < LENGTH(units); i++)
                for (size_t k = 0; k < LENGTH(units[i]); k++)
                        if (token_is_word(t, units[i][k]))
                                return (int)i;
        return -1;
}

static bool take_unit(struct reading *r, int unit, size_t tokens)
{
        int *field = unit == 0 ? &r->hour : unit == 1 ? &r->minute : &r->second;
        const struct token *t = ahead(r, 0);
        if (token_whole_part(t).n > 2 || (t->kind == TOKEN_FRACTION && unit != 2) || *field >= 0 ||
            (unit > 0 && !has_time(r)))
                return false;
        *field = token_number(token_whole_part(t));
        r->at += tokens;
        return true;
}

static int find_half(const struct token *t)
{
        return token_is_word(t, "am") || token_is_word(t, "a")   ? 0
               : token_is_word(t, "pm") || token_is_word(t, "p") ? 1
                                                                 : -1;
}

static bool take_half(struct reading *r, int half)
{
        if (!has_time(r) || r->hour > 12)
                return false;
        r->hour = r->hour % 12 + (half == 1 ? 12 : 0);
        r->at++;
        return true;
}

static bool take_number_token(struct reading *r)
{
        const struct token *t = ahead(r, 0), *next = ahead(r, 1);
        struct slice digits = token_whole_part(t);
        bool is_whole = t->kind == TOKEN_NUMBER;
        size_t blank = token_is_mark(next, " ") ? 1 : 0;
        int unit = find_unit(ahead(r, 1 + blank));
        if (is_whole && token_is_mark(next, ":"))
                return take_clock(r);
        if (unit >= 0 && (blank == 0 || r->date_n == 3))
                return take_unit(r, unit, 2 + blank);
        if (digits.n == 6 && (r->date_n > 0 || !is_whole)) {
                r->at++;
                return r->date_n > 0 && take_packed_clock(r, digits);
        }
        if (!is_whole)
                return false;
        if (digits.n <= 4 && token_is_mark(next, "-/.") &&
            (ahead(r, 2)->kind == TOKEN_NUMBER || find_month(ahead(r, 2)) >= 0) && r->date_n < 3)
                return take_separated(r);
        r->at++;
        if (digits.n == 6 || digits.n == 8)
                return take_packed(r, digits, digits.n == 8);
        if (digits.n == 12 || digits.n == 14)
                return take_packed(r, digits, true) && take_packed_clock(r, slice_from(digits, 8));
        bool is_hour = !has_time(r) && digits.n <= 2 && find_half(ahead(r, blank)) >= 0;
        if (is_hour || (r->date_n == 3 && (digits.n == 2 || digits.n == 4)))
                return take_packed_clock(r, digits);
        return add_date(r, t);
}

// --- the zone ---

// Of another zone, whatever it is: then the offset behind it counts.
static bool is_zone_name(const struct token *t)
{
        for (size_t i = 0; i < t->text.n; i++)
                if (t->text.p[i] < 'A' || t->text.p[i] > 'Z')
                        return false;
        return t->kind == TOKEN_WORD && t->text.n <= 5;
}

// "+05:30", "-0800", "+1".
static bool take_offset(struct reading *r)
{
        int sign = (ahead(r, 0)->text.p[0] == '-' ? -1 : 1) * (r->is_posix ? -1 : 1);
        struct slice digits = ahead(r, 1)->text;
        int hours = token_number(slice_head(digits, 2)), minutes = token_number(slice_from(digits, 2));
        if (!has_time(r) || r->has_offset || ahead(r, 1)->kind != TOKEN_NUMBER)
                return false;
        bool has_colon = digits.n <= 2 && token_is_mark(ahead(r, 2), ":");
        if (has_colon && (ahead(r, 3)->kind != TOKEN_NUMBER || ahead(r, 3)->text.n > 2))
                return false;
        if (has_colon)
                minutes = token_number(ahead(r, 3)->text);
        if (hours > 23 || minutes > 59 || (digits.n > 2 && digits.n != 4))
                return false;
        r->offset_s = sign * (hours * HOUR_S + minutes * MINUTE_S);
        r->has_zone = r->has_offset = true;
        r->at += has_colon ? 4 : 2;
        if (!r->is_named && token_is_mark(ahead(r, 0), " ") && token_is_mark(ahead(r, 1), "(") &&
            ahead(r, 2)->text.n >= 3 && is_zone_name(ahead(r, 2)) && token_is_mark(ahead(r, 3), ")"))
                r->at += 4; // its name, for people
        return true;
}

static bool is_zone(const struct token *t)
{
        return t->kind == TOKEN_WORD &&
               (slice_eq(t->text, SLICE("UTC")) || slice_eq(t->text, SLICE("GMT")) || token_is_word(t, "z"));
}

static bool take_zone(struct reading *r)
{
        bool is_utc = is_zone(ahead(r, 0));
        if (!has_time(r) || r->has_zone)
                return false;
        r->at++;
        r->is_posix = token_is_mark(ahead(r, 0), "+-");
        r->is_named = !is_utc;
        r->has_zone = true;
        return r->is_posix ? take_offset(r) : is_utc;
}

// --- all of it ---

static bool is_day(const struct token *t)
{
        static const char *const days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                           "friday", "saturday", "sunday"};
        return token_find_name(t, days, LENGTH(days)) >= 0;
}

static bool is_filler(const struct token *t)
{
        static const char *const words[] = {"at", "on", "and", "ad", "t", "of", "st", "nd", "rd", "th"};
        for (size_t i = 0; i < LENGTH(words); i++)
                if (token_is_word(t, words[i]))
                        return true;
        return token_is_mark(t, " \t\r\n.,;-/'");
}

static bool take_token(struct reading *r)
{
        const struct token *t = ahead(r, 0);
        int half = find_half(t), month = find_month(t);
        if (t->kind == TOKEN_NUMBER || t->kind == TOKEN_FRACTION)
                return take_number_token(r);
        if (month >= 0 && token_is_mark(ahead(r, 1), "-/"))
                return take_separated(r);
        if (token_is_mark(t, "+-") && has_time(r))
                return !r->has_zone && take_offset(r);
        if (half >= 0)
                return take_half(r, half);
        if (is_zone(t) || (has_time(r) && is_zone_name(t) && month < 0 && !is_day(t)))
                return take_zone(r);
        r->at++;
        return is_filler(t) || is_day(t) || add_date(r, t);
}

static bool is_time_of_day(const struct reading *r)
{
        return r->hour >= 0 && r->hour <= 23 && r->minute <= 59 && r->second <= 59;
}

static bool to_seconds(struct reading *r, int64_t *ret_s)
{
        if (r->date_n != 3 || !has_time(r) || !r->has_zone || !is_time_of_day(r) || !order_date(r))
                return false;
        struct tm day = {.tm_year = r->date[0] - 1900, .tm_mon = r->date[1] - 1, .tm_mday = r->date[2]};
        int64_t day_s = timegm(&day);
        if (day.tm_year != r->date[0] - 1900 || day.tm_mon != r->date[1] - 1 || day.tm_mday != r->date[2])
                return false; // there is none such
        int minute = r->minute > 0 ? r->minute : 0, second = r->second > 0 ? r->second : 0;
        *ret_s = day_s + (int64_t)r->hour * HOUR_S + (int64_t)minute * MINUTE_S + second - r->offset_s;
        return true;
}

int timestamp_parse(struct slice text, int64_t *ret_s)
{
        struct reading r = {.year_at = -1, .month_at = -1, .hour = -1, .minute = -1, .second = -1};
        char written[TIME_RFC3339_SIZE];
        int64_t time_s = 0;
        text = slice_trim(text);
        if (time_parse_rfc3339(text, &time_s) < 0) {
                if (text.n > TEXT_MAX || !tokens_split(text, r.tokens))
                        return -EINVAL;
                while (ahead(&r, 0)->kind != TOKEN_END)
                        if (!take_token(&r))
                                return -EINVAL;
                if (!to_seconds(&r, &time_s))
                        return -EINVAL;
        }
        if (time_format_rfc3339(time_s, written) < 0) // an offset can lead beyond the calendar
                return -EINVAL;
        *ret_s = time_s;
        return 0;
}
