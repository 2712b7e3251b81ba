// SPDX-License-Identifier: Apache-2.0
// Looking at text many bytes at a time. The common case (nothing special in it) is settled here; whoever finds
// something special looks again byte by byte.
#ifndef SIDECAR_SIGNING_SCAN_H
#define SIDECAR_SIGNING_SCAN_H

#include "proto/mem/slice.h"

#include <endian.h>

// Sixteen bytes; a comparison of two blocks makes each byte 0 or 0xff.
typedef uint8_t scan_block __attribute__((vector_size(16)));

static inline scan_block scan_between(scan_block block, uint8_t first, uint8_t last)
{
        return (scan_block)(block - first <= (uint8_t)(last - first));
}

// Letters, digits, "-", "." and "_".
static inline scan_block scan_plain(scan_block block)
{
        scan_block marks = scan_between(block, '-', '9') & (scan_block)(block != '/');
        return scan_between(block | 0x20, 'a', 'z') | marks | (scan_block)(block == '_');
}

static inline bool scan_block_is_all(scan_block truth)
{
        uint64_t half[2];
        memcpy(half, &truth, sizeof(half));
        return (half[0] & half[1]) == UINT64_MAX;
}

// For how many of the first bytes it is true.
static inline size_t scan_block_count(scan_block truth)
{
        uint64_t half[2];
        memcpy(half, &truth, sizeof(half));
        uint64_t first = ~le64toh(half[0]), second = ~le64toh(half[1]);
        if (first)
                return (size_t)__builtin_ctzll(first) / 8;
        return second ? 8 + (size_t)__builtin_ctzll(second) / 8 : 16;
}

// Whether all of 4 or more bytes are such that `truth` says yes of each; pieces overlap at the end.
__attribute__((always_inline)) static inline bool scan_all(struct slice s, scan_block (*truth)(scan_block block))
{
        scan_block block;
        if (s.n < sizeof(block)) {
                uint64_t half[2];
                if (s.n < 8) {
                        uint32_t first, last;
                        memcpy(&first, s.p, 4);
                        memcpy(&last, s.p + s.n - 4, 4);
                        half[0] = half[1] = (uint64_t)first << 32 | last;
                } else {
                        memcpy(&half[0], s.p, 8);
                        memcpy(&half[1], s.p + s.n - 8, 8);
                }
                memcpy(&block, half, sizeof(block));
                return scan_block_is_all(truth(block));
        }
        for (size_t i = 0; s.n - i > sizeof(block); i += sizeof(block)) {
                memcpy(&block, s.p + i, sizeof(block));
                if (!scan_block_is_all(truth(block)))
                        return false;
        }
        memcpy(&block, s.p + s.n - sizeof(block), sizeof(block));
        return scan_block_is_all(truth(block));
}

// How many of the first bytes are true in `table`. `truth` says yes only where the table does.
__attribute__((always_inline)) static inline size_t scan_span(struct slice s, const bool table[256],
                                                              scan_block (*truth)(scan_block block))
{
        size_t n = 0;
        while (s.n - n >= sizeof(scan_block)) {
                scan_block block;
                memcpy(&block, s.p + n, sizeof(block));
                size_t count = scan_block_count(truth(block));
                n += count;
                if (count < sizeof(block))
                        break;
        }
        if (s.n - n >= 4 && s.n - n < sizeof(scan_block) && scan_all(slice_of(s.p + n, s.n - n), truth))
                return s.n;
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
