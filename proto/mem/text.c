// SPDX-License-Identifier: Apache-2.0
#include "proto/mem/text.h"

#include <errno.h>
#include <string.h>

static const char HEX_LOWER[] = "0123456789abcdef";
static const char HEX_UPPER[] = "0123456789ABCDEF";
static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool text_is_all_of(struct slice text, const char *more)
{
        for (size_t i = 0; i < text.n; i++)
                if (!text_is_alphanumeric(text.p[i]) && (text.p[i] == '\0' || !strchr(more, text.p[i])))
                        return false;
        return true;
}

void text_hex_encode(struct slice bytes, char *out)
{
        for (size_t i = 0; i < bytes.n; i++) {
                *out++ = HEX_LOWER[bytes.p[i] >> 4];
                *out++ = HEX_LOWER[bytes.p[i] & 15];
        }
}

int text_hex_decode(struct slice hex, uint8_t *out)
{
        if (hex.n % 2 != 0)
                return -EINVAL;
        for (size_t i = 0; i < hex.n; i += 2) {
                int high = text_hex_digit(hex.p[i]);
                int low = text_hex_digit(hex.p[i + 1]);
                if (high < 0 || low < 0)
                        return -EINVAL;
                *out++ = (uint8_t)(high << 4 | low);
        }
        return 0;
}

int text_base64_encode(struct slice bytes, struct buffer *out)
{
        if (bytes.n > SIZE_MAX / 4 * 3 - 3) {
                out->failed = true;
                return -1;
        }
        size_t size = (bytes.n + 2) / 3 * 4;
        uint8_t *to = buffer_reserve(out, size);
        if (!to)
                return -1;
        for (size_t i = 0; i < bytes.n; i += 3) {
                size_t have = bytes.n - i;
                uint32_t group = (uint32_t)bytes.p[i] << 16;
                if (have > 1)
                        group |= (uint32_t)bytes.p[i + 1] << 8;
                if (have > 2)
                        group |= bytes.p[i + 2];
                *to++ = (uint8_t)BASE64[group >> 18];
                *to++ = (uint8_t)BASE64[group >> 12 & 63];
                *to++ = (uint8_t)(have > 1 ? BASE64[group >> 6 & 63] : '=');
                *to++ = (uint8_t)(have > 2 ? BASE64[group & 63] : '=');
        }
        buffer_commit(out, size);
        return 0;
}

int text_base64url_encode(struct slice bytes, struct buffer *out)
{
        size_t from = out->n;
        if (text_base64_encode(bytes, out) < 0)
                return -1;
        while (out->n > from && out->p[out->n - 1] == '=')
                out->n--;
        for (size_t i = from; i < out->n; i++)
                out->p[i] = (uint8_t)(out->p[i] == '+' ? '-' : out->p[i] == '/' ? '_' : out->p[i]);
        return 0;
}

static int base64_digit(uint8_t c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        if (c == '+')
                return 62;
        return c == '/' ? 63 : -1;
}

// Four digits, the last `padding` of which are "=" and count as zeros.
static int base64_group(const uint8_t *p, size_t padding, uint32_t *ret)
{
        uint32_t group = 0;
        for (size_t i = 0; i < 4; i++) {
                int digit = i < 4 - padding ? base64_digit(p[i]) : 0;
                if (digit < 0)
                        return -EINVAL;
                group = group << 6 | (uint32_t)digit;
        }
        // Unused bits must be zero, so that there is only one text for each sequence of bytes (RFC 4648, 3.5).
        if ((padding == 1 && (group & 0xff) != 0) || (padding == 2 && (group & 0xffff) != 0))
                return -EINVAL;
        *ret = group;
        return 0;
}

int text_base64_decode(struct slice text, struct buffer *out)
{
        if (text.n % 4 != 0)
                return -EINVAL;
        size_t padding = 0;
        while (padding < 2 && padding < text.n && text.p[text.n - 1 - padding] == '=')
                padding++;
        size_t size = text.n / 4 * 3 - padding;
        uint8_t *to = buffer_reserve(out, size);
        if (!to)
                return -ENOBUFS;
        for (size_t i = 0; i < text.n; i += 4) {
                uint32_t group = 0;
                size_t missing = i + 4 == text.n ? padding : 0;
                if (base64_group(text.p + i, missing, &group) < 0)
                        return -EINVAL;
                *to++ = (uint8_t)(group >> 16);
                if (missing < 2)
                        *to++ = (uint8_t)(group >> 8 & 255);
                if (missing < 1)
                        *to++ = (uint8_t)(group & 255);
        }
        buffer_commit(out, size);
        return 0;
}

bool text_is_unreserved(uint8_t byte)
{
        return text_is_alphanumeric(byte) || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

int text_percent_encode(struct slice text, bool keep_slash, struct buffer *out)
{
        if (text.n > SIZE_MAX / 3) {
                out->failed = true;
                return -1;
        }
        size_t size = 0;
        for (size_t i = 0; i < text.n; i++)
                size += text_is_unreserved(text.p[i]) || (keep_slash && text.p[i] == '/') ? 1 : 3;
        uint8_t *to = buffer_reserve(out, size);
        if (!to)
                return -1;
        for (size_t i = 0; i < text.n; i++) {
                uint8_t c = text.p[i];
                if (text_is_unreserved(c) || (keep_slash && c == '/')) {
                        *to++ = c;
                        continue;
                }
                *to++ = '%';
                *to++ = (uint8_t)HEX_UPPER[c >> 4];
                *to++ = (uint8_t)HEX_UPPER[c & 15];
        }
        buffer_commit(out, size);
        return 0;
}

int text_percent_decode(struct slice text, struct buffer *out)
{
        uint8_t *to = buffer_reserve(out, text.n);
        if (!to)
                return -ENOBUFS;
        size_t n = 0;
        for (size_t i = 0; i < text.n; i++, n++) {
                if (text.p[i] != '%') {
                        to[n] = text.p[i];
                        continue;
                }
                if (text.n - i < 3 || text_hex_decode(slice_of(text.p + i + 1, 2), to + n) < 0)
                        return -EINVAL;
                i += 2;
        }
        buffer_commit(out, n);
        return 0;
}

int text_parse_u64(struct slice digits, uint64_t *ret)
{
        if (digits.n == 0)
                return -EINVAL;
        uint64_t value = 0;
        bool overflow = false;
        for (size_t i = 0; i < digits.n; i++) {
                if (digits.p[i] < '0' || digits.p[i] > '9')
                        return -EINVAL;
                overflow |= __builtin_mul_overflow(value, 10, &value);
                overflow |= __builtin_add_overflow(value, (uint64_t)(digits.p[i] - '0'), &value);
        }
        if (overflow)
                return -ERANGE;
        *ret = value;
        return 0;
}

int text_parse_i64(struct slice digits, int64_t *ret)
{
        bool negative = digits.n > 0 && digits.p[0] == '-';
        uint64_t value = 0;
        int r = text_parse_u64(slice_from(digits, negative ? 1 : 0), &value);
        if (r < 0)
                return r;
        if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0))
                return -ERANGE;
        *ret = (int64_t)(negative ? 0 - value : value);
        return 0;
}

// RFC 3629, section 4.
size_t text_utf8_sequence(struct slice s)
{
        if (s.n == 0)
                return 0;
        uint8_t first = s.p[0];
        if (first < 0x80)
                return 1;
        size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        if (first < 0xc2 || first > 0xf4 || s.n < n)
                return 0;
        uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (s.p[1] < low || s.p[1] > high)
                return 0;
        for (size_t i = 2; i < n; i++)
                if ((s.p[i] & 0xc0) != 0x80)
                        return 0;
        return n;
}

bool text_is_utf8(struct slice s)
{
        while (s.n > 0) {
                uint64_t word = 0;
                if (s.n >= sizeof(word)) { // most texts are ASCII
                        memcpy(&word, s.p, sizeof(word));
                        if ((word & 0x8080808080808080u) == 0) {
                                s = slice_from(s, sizeof(word));
                                continue;
                        }
                }
                size_t n = text_utf8_sequence(s);
                if (n == 0)
                        return false;
                s = slice_from(s, n);
        }
        return true;
}
