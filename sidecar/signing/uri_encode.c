// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/uri_encode.h"

#include "proto/mem/text.h"
#include "sidecar/signing/put.h"

// clang-format off
#define UNRESERVED ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, \
                   ['-'] = true, ['.'] = true, ['_'] = true, ['~'] = true
// clang-format on

const bool uri_unreserved[256] = {UNRESERVED};
const bool uri_unreserved_or_slash[256] = {UNRESERVED, ['/'] = true};

uint8_t *uri_put_escape(uint8_t *p, uint8_t byte)
{
        static const char digits[] = "0123456789ABCDEF";
        p[0] = '%';
        p[1] = (uint8_t)digits[byte >> 4];
        p[2] = (uint8_t)digits[byte & 15];
        return p + 3;
}

// The byte that the text begins with, decoded; takes it off.
static uint8_t take_decoded(struct slice *text)
{
        uint8_t byte = text->p[0];
        size_t n = 1;
        int high = byte == '%' && text->n > 2 ? text_hex_digit(text->p[1]) : -1;
        int low = high >= 0 ? text_hex_digit(text->p[2]) : -1;
        if (low >= 0) {
                byte = (uint8_t)(high << 4 | low);
                n = 3;
        } else if (byte == '+') {
                byte = ' ';
        }
        *text = slice_from(*text, n);
        return byte;
}

uint8_t *uri_put_recoded(uint8_t *p, struct slice text, const bool stays[256])
{
        for (;;) {
                size_t run = scan_span(text, stays);
                p = put_slice(p, slice_head(text, run));
                text = slice_from(text, run);
                if (text.n == 0)
                        return p;
                uint8_t byte = take_decoded(&text);
                p = stays[byte] ? put_byte(p, (char)byte) : uri_put_escape(p, byte);
        }
}
