// SPDX-License-Identifier: Apache-2.0
// Grows into a new block, and wipes the old one. realloc() may leave the old bytes in freed memory.
#include "proto/mem/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
        FIRST_BLOCK = 256, // saves the first few doublings
        DECIMAL_MAX = 20   // digits of UINT64_MAX; INT64_MIN has 19 and a sign
};

void buffer_init(struct buffer *b, size_t max)
{
        *b = (struct buffer){.max = max};
}

static void release(struct buffer *b)
{
        if (b->p)
                explicit_bzero(b->p, b->cap);
        free(b->p);
}

void buffer_free(struct buffer *b)
{
        release(b);
        buffer_init(b, b->max);
}

void buffer_reset(struct buffer *b)
{
        if (b->n > 0)
                explicit_bzero(b->p, b->n);
        b->n = 0;
        b->failed = b->no_memory = false;
}

// The next capacity that holds `want` <= max bytes.
static size_t next_capacity(const struct buffer *b, size_t want)
{
        size_t cap = want > b->max / 2 ? b->max : 2 * want;
        if (cap < FIRST_BLOCK)
                cap = b->max < FIRST_BLOCK ? b->max : FIRST_BLOCK;
        return cap;
}

static int grow(struct buffer *b, size_t n)
{
        if (n > b->max - b->n)
                return -1;
        size_t cap = next_capacity(b, b->n + n);
        uint8_t *p = malloc(cap > 0 ? cap : 1);
        if (!p) {
                b->no_memory = true;
                return -1;
        }
        if (b->p)
                memcpy(p, b->p, b->n);
        release(b);
        b->p = p;
        b->cap = cap;
        return 0;
}

uint8_t *buffer_reserve(struct buffer *b, size_t n)
{
        if (b->failed)
                return NULL;
        if ((!b->p || n > b->cap - b->n) && grow(b, n) < 0) {
                b->failed = true;
                return NULL;
        }
        return b->p + b->n;
}

void buffer_commit(struct buffer *b, size_t n)
{
        b->n += n;
}

int buffer_put(struct buffer *b, struct slice s)
{
        uint8_t *to = buffer_reserve(b, s.n);
        if (!to)
                return -1;
        if (s.n > 0)
                memcpy(to, s.p, s.n);
        b->n += s.n;
        return 0;
}

int buffer_put_str(struct buffer *b, const char *s)
{
        return buffer_put(b, slice_str(s));
}

int buffer_put_byte(struct buffer *b, uint8_t byte)
{
        uint8_t *to = buffer_reserve(b, 1);
        if (!to)
                return -1;
        *to = byte;
        b->n++;
        return 0;
}

// Writes from the end of `out` backwards; returns the digits.
static struct slice decimal(uint64_t value, uint8_t out[DECIMAL_MAX])
{
        size_t at = DECIMAL_MAX;
        do {
                out[--at] = (uint8_t)('0' + value % 10);
                value /= 10;
        } while (value > 0);
        return slice_of(out + at, DECIMAL_MAX - at);
}

int buffer_put_u64(struct buffer *b, uint64_t value)
{
        uint8_t digits[DECIMAL_MAX];
        return buffer_put(b, decimal(value, digits));
}

int buffer_put_i64(struct buffer *b, int64_t value)
{
        if (value >= 0)
                return buffer_put_u64(b, (uint64_t)value);
        if (buffer_put_byte(b, '-') < 0)
                return -1;
        return buffer_put_u64(b, 0 - (uint64_t)value);
}

// vsnprintf() writes a NUL, for which there is no room if the text fills the buffer to its limit.
__attribute__((format(printf, 3, 0))) static int print_to_the_brim(struct buffer *b, size_t n, const char *format,
                                                                   va_list args)
{
        char *text = malloc(n + 1);
        if (!text) {
                b->failed = b->no_memory = true;
                return -1;
        }
        (void)vsnprintf(text, n + 1, format, args);
        int r = buffer_put(b, slice_of(text, n));
        explicit_bzero(text, n + 1);
        free(text);
        return r;
}

__attribute__((format(printf, 3, 0))) static int print(struct buffer *b, size_t n, const char *format, va_list args)
{
        if (n >= b->max - b->n)
                return print_to_the_brim(b, n, format, args);
        uint8_t *to = buffer_reserve(b, n + 1);
        if (!to)
                return -1;
        (void)vsnprintf((char *)to, n + 1, format, args);
        b->n += n;
        return 0;
}

int buffer_printf(struct buffer *b, const char *format, ...)
{
        va_list args;
        if (b->failed)
                return -1;
        va_start(args, format);
        int n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        if (n < 0 || (size_t)n > b->max - b->n) {
                b->failed = true;
                return -1;
        }
        va_start(args, format);
        int r = print(b, (size_t)n, format, args);
        va_end(args);
        return r;
}

void buffer_consume(struct buffer *b, size_t n)
{
        if (n == 0)
                return;
        size_t rest = b->n - n;
        memmove(b->p, b->p + n, rest);
        explicit_bzero(b->p + rest, n);
        b->n = rest;
}

const char *buffer_c_str(struct buffer *b)
{
        uint8_t *end = buffer_reserve(b, 1);
        if (!end)
                return NULL;
        *end = 0;
        return (const char *)b->p;
}
