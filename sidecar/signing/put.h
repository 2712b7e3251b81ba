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

// `s` has to be ASCII. Writes it to *twin too. Eight bytes at a time; the last eight overlap those before.
static inline uint8_t *put_lower_twice(uint8_t *p, uint8_t **twin, struct slice s)
{
        uint8_t *q = *twin;
        *twin = q + s.n;
        if (s.n < 8) {
                for (size_t i = 0; i < s.n; i++)
                        p[i] = q[i] = ascii_lower(s.p[i]);
                return p + s.n;
        }
        for (size_t i = 0;; i += 8) {
                if (i > s.n - 8)
                        i = s.n - 8;
                uint64_t word = scan_lower(scan_load(s.p + i));
                memcpy(p + i, &word, sizeof(word));
                memcpy(q + i, &word, sizeof(word));
                if (i == s.n - 8)
                        return p + s.n;
        }
}

static inline uint8_t *put_lower(uint8_t *p, struct slice s)
{
        uint8_t *twin = p;
        return put_lower_twice(p, &twin, s);
}

// 32 bytes as 64 lower-case digits. A fixed count and no table: compilers make vector code of it.
static inline uint8_t *put_hex(uint8_t *p, const uint8_t bytes[32])
{
        for (size_t i = 0; i < 32; i++) {
                uint8_t high = bytes[i] >> 4, low = bytes[i] & 15;
                p[2 * i] = (uint8_t)(high + (high > 9 ? 'a' - 10 : '0'));
                p[2 * i + 1] = (uint8_t)(low + (low > 9 ? 'a' - 10 : '0'));
        }
        return p + 64;
}

#endif
