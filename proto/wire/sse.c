// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/sse.h"

#include "proto/wire/limits.h"

void sse_init(struct sse_reader *r)
{
        *r = (struct sse_reader){0};
        struct buffer *const all[] = {&r->name, &r->data, &r->last_id, &r->line, &r->id};
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
                buffer_init(all[i], LIMIT_SSE);
}

void sse_free(struct sse_reader *r)
{
        struct buffer *const all[] = {&r->name, &r->data, &r->last_id, &r->line, &r->id};
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
                buffer_free(all[i]);
}

static void set(struct buffer *b, struct slice value)
{
        buffer_reset(b);
        (void)buffer_put(b, value); // sse_next() checks
}

static void take_field(struct sse_reader *r, struct slice name, struct slice value)
{
        if (slice_eq(name, SLICE("event"))) {
                set(&r->name, value);
        } else if (slice_eq(name, SLICE("data"))) {
                if (r->has_data)
                        (void)buffer_put_byte(&r->data, '\n');
                (void)buffer_put(&r->data, value);
                r->has_data = true;
        } else if (slice_eq(name, SLICE("id")) && slice_find(value, '\0') == value.n) {
                set(&r->id, value);
        }
}

// True: the line ends an event.
static bool take_line(struct sse_reader *r, struct slice line)
{
        if (line.n == 0) {
                set(&r->last_id, buffer_slice(&r->id));
                if (!r->has_data)
                        buffer_reset(&r->name);
                return r->has_data;
        }
        size_t n = slice_find(line, ':');
        struct slice value = slice_from(line, n + 1);
        if (slice_starts_with(value, SLICE(" ")))
                value = slice_from(value, 1);
        if (n > 0) // else a comment
                take_field(r, slice_head(line, n), value);
        return false;
}

static bool has_failed(const struct sse_reader *r)
{
        return r->line.failed || r->name.failed || r->data.failed || r->id.failed || r->last_id.failed;
}

// The number of bytes before the first CR or LF; all of them if there is none.
static size_t find_end(struct slice bytes)
{
        size_t n = slice_find(bytes, '\n');
        return slice_find(slice_head(bytes, n), '\r');
}

enum sse_next sse_next(struct sse_reader *r, struct slice *bytes)
{
        static const struct slice mark = SLICE_INIT("\xef\xbb\xbf"); // byte order
        if (r->is_over) {
                buffer_reset(&r->name);
                buffer_reset(&r->data);
                r->is_over = r->has_data = false;
        }
        while (bytes->n > 0 && !has_failed(r)) {
                if (r->skips_lf && bytes->p[0] == '\n')
                        *bytes = slice_from(*bytes, 1);
                r->skips_lf = false;
                size_t n = find_end(*bytes);
                (void)buffer_put(&r->line, slice_head(*bytes, n));
                if (n == bytes->n) {
                        *bytes = slice_from(*bytes, n);
                        break;
                }
                r->skips_lf = bytes->p[n] == '\r';
                *bytes = slice_from(*bytes, n + 1);
                struct slice line = buffer_slice(&r->line);
                if (!r->has_begun && slice_starts_with(line, mark))
                        line = slice_from(line, mark.n);
                r->has_begun = true;
                r->is_over = !r->line.failed && take_line(r, line);
                if (!r->line.failed)
                        buffer_reset(&r->line);
                if (r->is_over && !has_failed(r))
                        return SSE_EVENT;
        }
        return has_failed(r) ? SSE_BAD : SSE_MORE;
}
