// SPDX-License-Identifier: Apache-2.0
// Writing at a cursor into memory that is known to be large enough.
#ifndef SIDECAR_SIGNING_PUT_H
#define SIDECAR_SIGNING_PUT_H

#include "sidecar/signing/scan.h"

// Most pieces are short: two moves that overlap spare them the call.
static inline uint8_t *put_slice(uint8_t *p, struct slice s)
{
        if (s.n > 32 && s.n <= 64) {
                memcpy(p, s.p, 32);
                memcpy(p + s.n - 32, s.p + s.n - 32, 32);
        } else if (s.n >= 16 && s.n <= 32) {
                memcpy(p, s.p, 16);
                memcpy(p + s.n - 16, s.p + s.n - 16, 16);
        } else if (s.n >= 8 && s.n < 16) {
                memcpy(p, s.p, 8);
                memcpy(p + s.n - 8, s.p + s.n - 8, 8);
        } else if (s.n > 0) {
                memcpy(p, s.p, s.n);
        }
        return p + s.n;
}

static inline uint8_t *put_byte(uint8_t *p, char byte)
{
        *p = (uint8_t)byte;
        return p + 1;
}

static inline uint8_t ascii_lower(uint8_t byte)
{
        return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

static inline uint8_t ascii_upper(uint8_t byte)
{
        return byte >= 'a' && byte <= 'z' ? (uint8_t)(byte & ~0x20) : byte;
}

static inline void put_lower_block(uint8_t *p, uint8_t *q, const uint8_t *from)
{
        scan_block block;
        memcpy(&block, from, sizeof(block));
        block |= scan_between(block, 'A', 'Z') & 0x20;
        memcpy(p, &block, sizeof(block));
        memcpy(q, &block, sizeof(block));
}

static inline void put_lower_word(uint8_t *p, uint8_t *q, const uint8_t *from)
{
        uint64_t word = scan_lower(scan_load(from));
        memcpy(p, &word, sizeof(word));
        memcpy(q, &word, sizeof(word));
}

// `s` has to be ASCII. Writes it to *twin too. Many bytes at a time; the last piece overlaps the one before.
static inline uint8_t *put_lower_twice(uint8_t *p, uint8_t **twin, struct slice s)
{
        uint8_t *q = *twin;
        const size_t block = sizeof(scan_block);
        if (s.n >= block) {
                for (size_t i = 0; i < s.n - block; i += block)
                        put_lower_block(p + i, q + i, s.p + i);
                put_lower_block(p + s.n - block, q + s.n - block, s.p + s.n - block);
        } else if (s.n >= 8) {
                put_lower_word(p, q, s.p);
                put_lower_word(p + s.n - 8, q + s.n - 8, s.p + s.n - 8);
        } else {
                for (size_t i = 0; i < s.n; i++)
                        p[i] = q[i] = ascii_lower(s.p[i]);
        }
        *twin = q + s.n;
        return p + s.n;
}

static inline uint8_t *put_lower(uint8_t *p, struct slice s)
{
        uint8_t *twin = p;
        return put_lower_twice(p, &twin, s);
}

static inline scan_block hex_digits(scan_block nibbles)
{
        return nibbles + '0' + ((scan_block)(nibbles > 9) & ('a' - 10 - '0'));
}

// 32 bytes as 64 lower-case digits.
static inline uint8_t *put_hex(uint8_t *p, const uint8_t bytes[32])
{
        for (size_t i = 0; i < 32; i += sizeof(scan_block), p += 2 * sizeof(scan_block)) {
                scan_block block;
                memcpy(&block, bytes + i, sizeof(block));
                scan_block high = hex_digits(block >> 4), low = hex_digits(block & 15);
                scan_block first =
                    __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
                scan_block second =
                    __builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
                memcpy(p, &first, sizeof(first));
                memcpy(p + sizeof(first), &second, sizeof(second));
        }
        return p;
}

#endif
