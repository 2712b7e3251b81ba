// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/pem.h"

#include <string.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

enum { LABEL_MAX = 64, LINE_WIDTH = 64 };

struct block {
        struct slice label, body;
        size_t start, end; // in the content
};

static size_t find(struct slice in, size_t from, struct slice what)
{
        struct slice rest = slice_from(in, from);
        const uint8_t *at = rest.n > 0 ? memmem(rest.p, rest.n, what.p, what.n) : NULL;
        return at ? (size_t)(at - in.p) : in.n;
}

static bool is_label(struct slice text)
{
        for (size_t i = 0; i < text.n; i++)
                if (!(text.p[i] >= 'A' && text.p[i] <= 'Z') && !(text.p[i] >= '0' && text.p[i] <= '9') &&
                    text.p[i] != ' ')
                        return false;
        return text.n > 0 && text.n <= LABEL_MAX;
}

// The block that begins next. False: no other is whole.
static bool next_block(struct slice content, size_t from, struct block *ret)
{
        for (size_t at = find(content, from, SLICE(BEGIN)); at < content.n; at = find(content, at + 1, SLICE(BEGIN))) {
                size_t label_at = at + strlen(BEGIN), label_end = find(content, label_at, SLICE(DASHES));
                struct slice label = slice_head(slice_from(content, label_at), label_end - label_at);
                if (!is_label(label))
                        continue;
                size_t body_at = label_end + strlen(DASHES), body_end = find(content, body_at, SLICE(END));
                struct slice rest = slice_from(content, body_end + strlen(END));
                if (!slice_starts_with(rest, label) || !slice_starts_with(slice_from(rest, label.n), SLICE(DASHES)))
                        continue;
                *ret = (struct block){label, slice_head(slice_from(content, body_at), body_end - body_at), at,
                                      body_end + strlen(END) + label.n + strlen(DASHES)};
                return true;
        }
        return false;
}

// How many bytes at the beginning of `text` are one line end, in letters or not; 0: none.
static size_t line_end(struct slice text)
{
        if (text.p[0] == '\n' || text.p[0] == '\r')
                return 1;
        size_t backslashes = 0; // of text that was escaped several times
        while (backslashes < text.n && text.p[backslashes] == '\\')
                backslashes++;
        bool is_letter =
            backslashes > 0 && backslashes < text.n && (text.p[backslashes] == 'n' || text.p[backslashes] == 'r');
        return is_letter ? backslashes + 1 : 0;
}

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

// A carriage return and a line feed are one end.
static size_t whole_line_end(struct slice text)
{
        size_t n = line_end(text);
        bool is_return = n > 0 && (text.p[n - 1] == '\r' || text.p[n - 1] == 'r');
        struct slice rest = slice_from(text, n);
        size_t more = is_return && rest.n > 0 ? line_end(rest) : 0;
        return more > 0 && (rest.p[more - 1] == '\n' || rest.p[more - 1] == 'n') ? n + more : n;
}

// Lines of headers and data (Proc-Type, DEK-Info), with the empty line between the two.
static void put_lines(struct slice body, struct buffer *out)
{
        bool has_begun = false, was_empty = false;
        while (body.n > 0) {
                size_t n = 0, end = 0;
                while (n < body.n && (end = whole_line_end(slice_from(body, n))) == 0)
                        n++;
                struct slice line = slice_trim(slice_head(body, n));
                if (line.n > 0 && has_begun && was_empty)
                        (void)buffer_put_byte(out, '\n');
                if (line.n > 0) {
                        (void)buffer_put(out, line);
                        (void)buffer_put_byte(out, '\n');
                }
                has_begun = has_begun || line.n > 0;
                was_empty = line.n == 0;
                body = slice_from(body, n + end);
        }
}

static void put_folded(struct slice body, struct buffer *out)
{
        size_t width = 0;
        while (body.n > 0) {
                size_t end = line_end(body);
                if (end == 0 && !is_blank(body.p[0])) {
                        if (width == LINE_WIDTH)
                                (void)buffer_put_byte(out, '\n');
                        width = width == LINE_WIDTH ? 1 : width + 1;
                        (void)buffer_put_byte(out, body.p[0]);
                }
                body = slice_from(body, end > 0 ? end : 1);
        }
        (void)buffer_put_byte(out, '\n');
}

// What has begun and is not whole goes on as it is: who reads it says what is wrong.
static void put_rest(struct slice between, struct buffer *out)
{
        size_t at = find(between, 0, SLICE(BEGIN));
        if (at == between.n)
                return;
        (void)buffer_put(out, slice_from(between, at));
        (void)buffer_put_byte(out, '\n');
}

int pem_tidy(struct slice content, struct buffer *out)
{
        struct block b;
        size_t at = 0;
        for (; next_block(content, at, &b); at = b.end) {
                put_rest(slice_head(slice_from(content, at), b.start - at), out);
                (void)buffer_put_str(out, BEGIN);
                (void)buffer_put(out, b.label);
                (void)buffer_put_str(out, DASHES "\n");
                bool has_headers = slice_find(b.body, ':') < b.body.n;
                if (has_headers)
                        put_lines(b.body, out);
                else
                        put_folded(b.body, out);
                (void)buffer_put_str(out, END);
                (void)buffer_put(out, b.label);
                (void)buffer_put_str(out, DASHES "\n");
        }
        put_rest(slice_from(content, at), out);
        return out->failed ? -1 : 0;
}
