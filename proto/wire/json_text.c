// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/json_text.h"

#include <endian.h>

#include "proto/mem/text.h"

enum {
        ESCAPE_UNIT = 6, // \uXXXX
        HIGH_SURROGATE = 0xd800,
        LOW_SURROGATE = 0xdc00,
        SURROGATE_END = 0xe000,
        UTF8_MAX = 4
};

// The code unit of the \uXXXX at the start of `s`, or -1 when there is none.
static int32_t code_unit(struct slice s)
{
        if (s.n < ESCAPE_UNIT || s.p[0] != '\\' || s.p[1] != 'u')
                return -1;
        int32_t unit = 0;
        for (size_t i = 2; i < ESCAPE_UNIT; i++) {
                int digit = text_hex_digit(s.p[i]);
                if (digit < 0)
                        return -1;
                unit = unit << 4 | digit;
        }
        return unit;
}

static bool is_high(int32_t unit)
{
        return unit >= HIGH_SURROGATE && unit < LOW_SURROGATE;
}

static bool is_low(int32_t unit)
{
        return unit >= LOW_SURROGATE && unit < SURROGATE_END;
}

// The byte that a two-character escape stands for, or 0.
static uint8_t short_escape(uint8_t c)
{
        switch (c) {
        case '"':
        case '\\':
        case '/':
                return c;
        case 'b':
                return '\b';
        case 'f':
                return '\f';
        case 'n':
                return '\n';
        case 'r':
                return '\r';
        case 't':
                return '\t';
        default:
                return 0;
        }
}

// Checks the escape at the start of `s`; its length in *ret_n.
static const char *check_escape(struct slice s, size_t *ret_n)
{
        if (s.n >= 2 && short_escape(s.p[1]) != 0) {
                *ret_n = 2;
                return NULL;
        }
        int32_t unit = code_unit(s);
        if (unit < 0)
                return "invalid escape";
        if (unit == 0)
                return "NUL in a string";
        if (is_low(unit) || (is_high(unit) && !is_low(code_unit(slice_from(s, ESCAPE_UNIT)))))
                return "lone surrogate";
        *ret_n = is_high(unit) ? (size_t)2 * ESCAPE_UNIT : ESCAPE_UNIT;
        return NULL;
}

// The top bit of each byte of `word` that is less than `byte`; only the lowest such bit is exact. For ASCII bytes only.
static uint64_t marks_below(uint64_t word, uint8_t byte)
{
        const uint64_t ones = UINT64_MAX / 255;
        return (word - ones * byte) & ~word & ones * 0x80;
}

static uint64_t marks_equal(uint64_t word, uint8_t byte)
{
        return marks_below(word ^ UINT64_MAX / 255 * byte, 1);
}

// How many bytes from the start on are ASCII and neither a control byte nor a quote nor a backslash.
static size_t plain(struct slice s)
{
        const uint64_t high = UINT64_MAX / 255 * 0x80;
        size_t i = 0;
        for (uint64_t word = 0; s.n - i >= sizeof(word); i += sizeof(word)) { // eight bytes at once
                memcpy(&word, s.p + i, sizeof(word));
                word = le64toh(word);
                uint64_t marks =
                    (word & high) | marks_below(word, 0x20) | marks_equal(word, '"') | marks_equal(word, '\\');
                if (marks != 0)
                        return i + (size_t)__builtin_ctzll(marks) / 8;
        }
        while (i < s.n && s.p[i] >= 0x20 && s.p[i] < 0x80 && s.p[i] != '"' && s.p[i] != '\\')
                i++;
        return i;
}

const char *json_text_check_string(struct slice s, size_t *ret_n, bool *ret_escaped)
{
        for (size_t i = 0, n = 0;; i += n) {
                i += plain(slice_from(s, i));
                *ret_n = i;
                if (i == s.n)
                        return "unexpected end";
                if (s.p[i] == '"')
                        return NULL;
                if (s.p[i] >= 0x80) {
                        n = text_utf8_sequence(slice_from(s, i));
                        if (n == 0)
                                return "invalid UTF-8";
                        continue;
                }
                if (s.p[i] != '\\')
                        return "control character in a string";
                const char *what = check_escape(slice_from(s, i), &n);
                if (what)
                        return what;
                *ret_escaped = true;
        }
}

// How many decimal digits stand at the start.
static size_t digits(struct slice s)
{
        size_t n = 0;
        while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
                n++;
        return n;
}

static bool starts_with_any(struct slice s, uint8_t a, uint8_t b)
{
        return s.n > 0 && (s.p[0] == a || s.p[0] == b);
}

bool json_text_is_number(struct slice s)
{
        if (starts_with_any(s, '-', '-'))
                s = slice_from(s, 1);
        size_t whole = digits(s);
        if (whole == 0 || (whole > 1 && s.p[0] == '0'))
                return false;
        s = slice_from(s, whole);
        if (starts_with_any(s, '.', '.')) {
                size_t fraction = digits(slice_from(s, 1));
                if (fraction == 0)
                        return false;
                s = slice_from(s, 1 + fraction);
        }
        if (starts_with_any(s, 'e', 'E')) {
                s = slice_from(s, 1);
                if (starts_with_any(s, '+', '-'))
                        s = slice_from(s, 1);
                size_t exponent = digits(s);
                if (exponent == 0)
                        return false;
                s = slice_from(s, exponent);
        }
        return s.n == 0;
}

// UTF-8 of a code point above 0; returns its length.
static size_t put_utf8(uint32_t c, uint8_t out[UTF8_MAX])
{
        if (c < 0x80) {
                out[0] = (uint8_t)c;
                return 1;
        }
        if (c < 0x800) {
                out[0] = (uint8_t)(0xc0 | c >> 6);
                out[1] = (uint8_t)(0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                out[0] = (uint8_t)(0xe0 | c >> 12);
                out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
                out[2] = (uint8_t)(0x80 | (c & 0x3f));
                return 3;
        }
        out[0] = (uint8_t)(0xf0 | c >> 18);
        out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[3] = (uint8_t)(0x80 | (c & 0x3f));
        return 4;
}

// Decodes the character or escape at the start of *s (checked, not empty), moves *s past it and returns the number of
// decoded bytes.
static size_t decode_one(struct slice *s, bool is_escaped, uint8_t out[UTF8_MAX])
{
        if (!is_escaped || s->p[0] != '\\') {
                out[0] = s->p[0];
                *s = slice_from(*s, 1);
                return 1;
        }
        if (s->p[1] != 'u') {
                out[0] = short_escape(s->p[1]);
                *s = slice_from(*s, 2);
                return 1;
        }
        uint32_t c = (uint32_t)code_unit(*s);
        *s = slice_from(*s, ESCAPE_UNIT);
        if (c >= HIGH_SURROGATE && c < LOW_SURROGATE) {
                uint32_t low = (uint32_t)code_unit(*s);
                *s = slice_from(*s, ESCAPE_UNIT);
                c = 0x10000 + ((c - HIGH_SURROGATE) << 10) + (low - LOW_SURROGATE);
        }
        return put_utf8(c, out);
}

size_t json_text_decode(struct slice s, uint8_t *out)
{
        size_t n = 0;
        while (s.n > 0) {
                size_t run = slice_find(s, '\\');
                if (run > 0)
                        memcpy(out + n, s.p, run);
                n += run;
                s = slice_from(s, run);
                if (s.n > 0) { // an escape is never shorter than its character
                        uint8_t bytes[UTF8_MAX];
                        size_t made = decode_one(&s, true, bytes);
                        memcpy(out + n, bytes, made);
                        n += made;
                }
        }
        return n;
}

// A string read byte by byte in decoded form.
struct decoder {
        struct slice rest;
        bool is_escaped;
        uint8_t bytes[UTF8_MAX];
        size_t at, n;
};

static int next_byte(struct decoder *d)
{
        if (d->at == d->n) {
                if (d->rest.n == 0)
                        return -1;
                d->n = decode_one(&d->rest, d->is_escaped, d->bytes);
                d->at = 0;
        }
        return d->bytes[d->at++];
}

int json_text_compare(struct slice a, bool a_escaped, struct slice b, bool b_escaped)
{
        if (!a_escaped && !b_escaped)
                return slice_compare(a, b);
        struct decoder left = {.rest = a, .is_escaped = a_escaped};
        struct decoder right = {.rest = b, .is_escaped = b_escaped};
        for (;;) {
                int l = next_byte(&left);
                int r = next_byte(&right);
                if (l != r)
                        return l < r ? -1 : 1;
                if (l < 0)
                        return 0;
        }
}
