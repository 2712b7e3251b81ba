// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/json_write.h"

#include "proto/mem/text.h"

// True if a value ends here, so that a comma must follow. "e" and "l" end true, false and null.
static bool is_end_of_value(uint8_t last)
{
        return last == '"' || last == '}' || last == ']' || last == 'e' || last == 'l' || (last >= '0' && last <= '9');
}

static void separate(struct buffer *b)
{
        if (b->n > 0 && is_end_of_value(b->p[b->n - 1]))
                (void)buffer_put_byte(b, ',');
}

void json_begin_object(struct buffer *b)
{
        separate(b);
        (void)buffer_put_byte(b, '{');
}

void json_end_object(struct buffer *b)
{
        (void)buffer_put_byte(b, '}');
}

void json_begin_array(struct buffer *b)
{
        separate(b);
        (void)buffer_put_byte(b, '[');
}

void json_end_array(struct buffer *b)
{
        (void)buffer_put_byte(b, ']');
}

void json_key(struct buffer *b, const char *key)
{
        separate(b);
        (void)buffer_put_byte(b, '"');
        (void)buffer_put_str(b, key);
        (void)buffer_put(b, SLICE("\":"));
}

static bool is_plain(uint8_t c)
{
        return c >= 0x20 && c != '"' && c != '\\' && c < 0x7f;
}

static void put_escape(struct buffer *b, uint8_t c)
{
        char escaped[TEXT_ESCAPE_SIZE];
        const char *name = escaped;
        switch (c) {
        case '"':
                name = "\\\"";
                break;
        case '\\':
                name = "\\\\";
                break;
        case '\n':
                name = "\\n";
                break;
        case '\r':
                name = "\\r";
                break;
        case '\t':
                name = "\\t";
                break;
        default:
                (void)text_json_escape(slice_of(&c, 1), escaped);
        }
        (void)buffer_put_str(b, name);
}

// Puts the byte or the UTF-8 sequence at the start of `s`; returns its length.
static size_t put_one(struct buffer *b, struct slice s)
{
        if (s.p[0] < 0x80) {
                put_escape(b, s.p[0]);
                return 1;
        }
        char escaped[TEXT_ESCAPE_SIZE];
        size_t n = text_shown_sequence(s);
        if (n > 0) {
                (void)buffer_put(b, slice_head(s, n));
                return n;
        }
        if (text_utf8_sequence(s) == 0) {
                (void)buffer_put(b, SLICE("\xef\xbf\xbd")); // U+FFFD
                return 1;
        }
        n = text_json_escape(s, escaped); // a document may be shown as it is
        (void)buffer_put_str(b, escaped);
        return n;
}

void json_put_string(struct buffer *b, struct slice s)
{
        separate(b);
        (void)buffer_put_byte(b, '"');
        while (s.n > 0) {
                size_t run = 0;
                while (run < s.n && is_plain(s.p[run]))
                        run++;
                (void)buffer_put(b, slice_head(s, run));
                s = slice_from(s, run);
                if (s.n > 0)
                        s = slice_from(s, put_one(b, s));
        }
        (void)buffer_put_byte(b, '"');
}

void json_put_i64(struct buffer *b, int64_t value)
{
        separate(b);
        (void)buffer_put_i64(b, value);
}

void json_put_bool(struct buffer *b, bool value)
{
        separate(b);
        (void)buffer_put_str(b, value ? "true" : "false");
}

void json_put_null(struct buffer *b)
{
        separate(b);
        (void)buffer_put_str(b, "null");
}

void json_member(struct buffer *b, const char *key, struct slice value)
{
        json_key(b, key);
        json_put_string(b, value);
}

void json_member_i64(struct buffer *b, const char *key, int64_t value)
{
        json_key(b, key);
        json_put_i64(b, value);
}

void json_member_bool(struct buffer *b, const char *key, bool value)
{
        json_key(b, key);
        json_put_bool(b, value);
}
