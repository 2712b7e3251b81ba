// SPDX-License-Identifier: Apache-2.0
// A growable byte buffer with a fixed limit. When it grows, the old memory is wiped. Failure is sticky: after a failed
// put all later ones fail, too, so that callers can check once at the end.
#ifndef PROTO_MEM_BUFFER_H
#define PROTO_MEM_BUFFER_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

struct buffer {
        uint8_t *p;
        size_t n, cap, max; // n <= cap <= max
        bool failed;
        bool no_memory; // with failed: out of memory, not the limit
};

// An empty buffer that may grow to `max` bytes. Allocates nothing.
void buffer_init(struct buffer *b, size_t max);

// Wipes and releases the memory; the buffer is then as after buffer_init() with the same limit.
void buffer_free(struct buffer *b);

// Wipes the content, keeps the memory, clears a failure.
void buffer_reset(struct buffer *b);

// Reserves `n` more bytes and returns their place, or NULL (ENOBUFS, ENOMEM: `failed` is set).
MUST_CHECK uint8_t *buffer_reserve(struct buffer *b, size_t n);

// Adds the first `n` of the reserved bytes, which the caller has written, to the content.
void buffer_commit(struct buffer *b, size_t n);

// Appends; 0, or -1 with `failed` set. `s` must not point into `b`.
int buffer_put(struct buffer *b, struct slice s);
int buffer_put_str(struct buffer *b, const char *s);
int buffer_put_byte(struct buffer *b, uint8_t byte);
int buffer_put_u64(struct buffer *b, uint64_t value); // decimal
int buffer_put_i64(struct buffer *b, int64_t value);  // decimal
__attribute__((format(printf, 2, 3))) int buffer_printf(struct buffer *b, const char *format, ...);

// Removes the first `n` bytes (n <= b->n), moves the rest to the front, and wipes the freed part.
void buffer_consume(struct buffer *b, size_t n);

// Appends a NUL that does not count in `n` and returns the content as a C string, or NULL on failure.
const char *buffer_c_str(struct buffer *b);

static inline struct slice buffer_slice(const struct buffer *b)
{
        return (struct slice){b->p, b->n};
}

#endif
