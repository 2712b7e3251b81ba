// SPDX-License-Identifier: Apache-2.0
// Looking at text eight bytes at a time. A mask has the top bit of every byte set for which it is true; the bytes of a
// word have to be ASCII for masks to be right.
#ifndef SIDECAR_SIGNING_SCAN_H
#define SIDECAR_SIGNING_SCAN_H

#include "proto/mem/slice.h"

#define SCAN_EACH UINT64_C(0x0101010101010101)
#define SCAN_TOPS (0x80 * SCAN_EACH)

static inline uint64_t scan_load(const uint8_t *p)
{
        uint64_t word;
        memcpy(&word, p, sizeof(word));
        return word;
}

static inline bool scan_is_ascii(uint64_t word)
{
        return (word & SCAN_TOPS) == 0;
}

// Where a byte is at least `limit` (1 to 0x80).
static inline uint64_t scan_from(uint64_t word, uint8_t limit)
{
        return ((word | SCAN_TOPS) - limit * SCAN_EACH) & SCAN_TOPS;
}

static inline uint64_t scan_not(uint64_t word, char byte)
{
        return scan_from(word ^ ((uint8_t)byte * SCAN_EACH), 1);
}

static inline uint64_t scan_is(uint64_t word, char byte)
{
        return ~scan_not(word, byte) & SCAN_TOPS;
}

static inline uint64_t scan_lower(uint64_t word)
{
        return word | (scan_from(word, 'A') & ~scan_from(word, 'Z' + 1)) >> 2;
}

// Where a byte is a letter, a digit, "-", "." or "_".
static inline uint64_t scan_plain(uint64_t word)
{
        uint64_t folded = word | 0x20 * SCAN_EACH;
        uint64_t letter = scan_from(folded, 'a') & ~scan_from(folded, 'z' + 1);
        uint64_t rest = scan_from(word, '-') & ~scan_from(word, '9' + 1) & scan_not(word, '/');
        return letter | rest | scan_is(word, '_');
}

// How many of the first bytes are true in `table`. Whole words of which `mask` says the same are taken at once.
__attribute__((always_inline)) static inline size_t scan_span(struct slice s, const bool table[256],
                                                              uint64_t (*mask)(uint64_t word))
{
        size_t n = 0;
        for (; s.n - n >= 8; n += 8) {
                uint64_t word = scan_load(s.p + n);
                if (!scan_is_ascii(word) || mask(word) != SCAN_TOPS)
                        break;
        }
        while (n < s.n && table[s.p[n]])
                n++;
        return n;
}

#endif
