// SPDX-License-Identifier: Apache-2.0
// Borrowed bytes: a pointer and a length, passed by value, not NUL-terminated. A slice owns nothing and is valid only
// as long as the memory that it points to.
#ifndef PROTO_MEM_SLICE_H
#define PROTO_MEM_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
        const uint8_t *p;
        size_t n;
};

// A slice over a string literal, usable as a static initialiser.
#define SLICE_INIT(literal)                                                                                            \
        {                                                                                                              \
                (const uint8_t *)("" literal), sizeof(literal) - 1                                                     \
        }
#define SLICE(literal) ((struct slice)SLICE_INIT(literal))

static inline struct slice slice_of(const void *p, size_t n)
{
        return (struct slice){(const uint8_t *)p, n};
}

// Borrows a NUL-terminated string; NULL gives the empty slice.
static inline struct slice slice_str(const char *s)
{
        return (struct slice){(const uint8_t *)s, s ? strlen(s) : 0};
}

static inline bool slice_is_empty(struct slice s)
{
        return s.n == 0;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
        return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_starts_with(struct slice s, struct slice prefix)
{
        return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool slice_ends_with(struct slice s, struct slice suffix)
{
        return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + (s.n - suffix.n), suffix.p, suffix.n) == 0);
}

// The bytes from `from` on; empty when `from` lies past the end.
static inline struct slice slice_from(struct slice s, size_t from)
{
        return from >= s.n ? (struct slice){s.p, 0} : (struct slice){s.p + from, s.n - from};
}

// The first `n` bytes, or all of them when there are fewer.
static inline struct slice slice_head(struct slice s, size_t n)
{
        return (struct slice){s.p, n < s.n ? n : s.n};
}

// ASCII case is ignored, other bytes must be equal. Names of headers nearly always differ in length.
bool slice_eq_ignore_case_same_n(struct slice a, struct slice b); // of slices of the same length
static inline bool slice_eq_ignore_case(struct slice a, struct slice b)
{
        return a.n == b.n && slice_eq_ignore_case_same_n(a, b);
}

// Index of the first `byte`, or s.n when there is none.
size_t slice_find(struct slice s, uint8_t byte);

// Without the spaces, tabs, CR and LF at both ends.
struct slice slice_trim(struct slice s);

// Byte order, shorter first when one is a prefix of the other: <0, 0, >0.
int slice_compare(struct slice a, struct slice b);

// Its duration depends on the lengths only. For comparing tokens.
bool slice_eq_constant_time(struct slice a, struct slice b);

#endif
