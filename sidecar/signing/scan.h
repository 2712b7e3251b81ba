// SPDX-License-Identifier: Apache-2.0
// Checks and compares text several bytes at a time.
#ifndef SIDECAR_SIGNING_SCAN_H
#define SIDECAR_SIGNING_SCAN_H

#include "proto/mem/slice.h"

// How many of the first bytes are true in `table`.
static inline size_t scan_span(struct slice s, const bool table[256])
{
        size_t n = 0;
        for (const uint8_t *p = s.p; s.n - n >= 4; n += 4, p += 4)
                if (!(table[p[0]] & table[p[1]] & table[p[2]] & table[p[3]]))
                        break;
        while (n < s.n && table[s.p[n]])
                n++;
        return n;
}

// Eight bytes of ASCII, with capital letters brought to lower case.
static inline uint64_t scan_lower(uint64_t word)
{
        const uint64_t each = UINT64_C(0x0101010101010101);
        uint64_t from_a = word + (0x80 - 'A') * each, beyond_z = word + (0x7f - 'Z') * each;
        return word | (from_a & ~beyond_z & 0x80 * each) >> 2;
}

static inline uint64_t scan_load(const uint8_t *p)
{
        uint64_t word;
        memcpy(&word, p, sizeof(word));
        return word;
}

#endif
