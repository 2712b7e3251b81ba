// SPDX-License-Identifier: Apache-2.0
// Decides which characters are safe in a terminal, a log or a page.
#include "proto/mem/length.h"
#include "proto/mem/text.h"

#include <string.h>

// Control characters; line and paragraph separators; what changes the direction of text; and the rest of Unicode's
// Default_Ignorable_Code_Point (DerivedCoreProperties.txt), which is invisible. In order.
static const struct {
        uint32_t first, last;
} hidden[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
    {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

static bool is_hidden(uint32_t c)
{
        for (size_t i = 0; i < LENGTH(hidden); i++)
                if (c >= hidden[i].first && c <= hidden[i].last)
                        return true;
        return false;
}

// Of one whole sequence.
static uint32_t decode(struct slice s)
{
        static const uint8_t of_first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
        uint32_t c = s.p[0] & of_first[s.n];
        for (size_t i = 1; i < s.n; i++)
                c = c << 6 | (s.p[i] & 0x3f);
        return c;
}

size_t text_shown_sequence(struct slice s)
{
        if (s.n > 0 && text_is_printable(s.p[0])) // nearly all there is: no table for it
                return 1;
        size_t n = text_utf8_sequence(s);
        return n == 0 || is_hidden(decode(slice_head(s, n))) ? 0 : n;
}

bool text_is_shown(struct slice s)
{
        while (s.n > 0) {
                size_t n = text_shown_sequence(s);
                if (n == 0)
                        return false;
                s = slice_from(s, n);
        }
        return true;
}

// One UTF-16 unit, and the NUL behind it.
static void put_unit(uint32_t unit, char out[7])
{
        static const char digits[] = "0123456789abcdef";
        out[0] = '\\';
        out[1] = 'u';
        for (int i = 0; i < 4; i++)
                out[2 + i] = digits[unit >> (12 - 4 * i) & 15];
        out[6] = '\0';
}

size_t text_json_escape(struct slice s, char out[TEXT_ESCAPE_SIZE])
{
        size_t n = text_utf8_sequence(s);
        uint32_t c = n > 0 ? decode(slice_head(s, n)) : 0xfffd;
        if (c >= 0x10000) {
                put_unit(0xd800 + ((c - 0x10000) >> 10), out);
                put_unit(0xdc00 + (c & 0x3ff), out + 6);
        } else {
                put_unit(c, out);
        }
        return n > 0 ? n : 1;
}

void text_defuse(uint8_t *p, size_t n)
{
        for (size_t i = 0; i < n;) {
                struct slice rest = slice_of(p + i, n - i);
                size_t whole = text_utf8_sequence(rest);
                size_t shown = text_shown_sequence(rest);
                if (shown == 0)
                        memset(p + i, '?', whole > 0 ? whole : 1);
                i += shown > 0 ? shown : whole > 0 ? whole : 1;
        }
}

bool text_is_web_url(struct slice s)
{
        size_t scheme = slice_starts_with(s, SLICE("https://")) ? 8 : slice_starts_with(s, SLICE("http://")) ? 7 : 0;
        struct slice rest = slice_from(s, scheme);
        size_t n = 0; // of the host with its port
        while (n < rest.n && !strchr("/?#", rest.p[n]))
                n++;
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr("\\\"'<>`", s.p[i]))
                        return false;
        return scheme > 0 && n > 0 && slice_find(slice_head(rest, n), '@') == n;
}
