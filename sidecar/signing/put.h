// SPDX-License-Identifier: Apache-2.0
// Writing at a cursor into memory that is known to be large enough.
#ifndef SIDECAR_SIGNING_PUT_H
#define SIDECAR_SIGNING_PUT_H

#include "sidecar/signing/scan.h"

static inline uint8_t *put_slice(uint8_t *p, struct slice s)
{
        if (s.n > 0)
                memcpy(p, s.p, s.n);
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

static inline void put_lower_word(uint8_t *p, uint8_t *q, const uint8_t *from)
{
        uint64_t word = scan_lower(scan_load(from));
        memcpy(p, &word, sizeof(word));
        memcpy(q, &word, sizeof(word));
}

// `s` has to be ASCII. Writes it to *twin too. The last eight bytes overlap those before.
static inline uint8_t *put_lower_twice(uint8_t *p, uint8_t **twin, struct slice s)
{
        uint8_t *q = *twin;
        const size_t word = sizeof(uint64_t);
        for (size_t i = 0; i + word <= s.n; i += word)
                put_lower_word(p + i, q + i, s.p + i);
        if (s.n >= word)
                put_lower_word(p + s.n - word, q + s.n - word, s.p + s.n - word);
        for (size_t i = 0; s.n < word && i < s.n; i++)
                p[i] = q[i] = ascii_lower(s.p[i]);
        *twin = q + s.n;
        return p + s.n;
}

static inline uint8_t *put_lower(uint8_t *p, struct slice s)
{
        uint8_t *twin = p;
        return put_lower_twice(p, &twin, s);
}

// Sixteen bytes; a comparison makes each byte 0 or 0xff.
typedef uint8_t hex_block __attribute__((vector_size(16)));

static inline hex_block hex_digits(hex_block nibbles)
{
        return nibbles + '0' + ((hex_block)(nibbles > 9) & ('a' - 10 - '0'));
}

// 32 bytes as 64 lower-case digits.
static inline uint8_t *put_hex(uint8_t *p, const uint8_t bytes[32])
{
        for (size_t i = 0; i < 32; i += sizeof(hex_block), p += 2 * sizeof(hex_block)) {
                hex_block block;
                memcpy(&block, bytes + i, sizeof(block));
                hex_block high = hex_digits(block >> 4), low = hex_digits(block & 15);
                hex_block first =
                    __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
                hex_block second =
                    __builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
                memcpy(p, &first, sizeof(first));
                memcpy(p + sizeof(first), &second, sizeof(second));
        }
        return p;
}

#endif
