// SPDX-License-Identifier: Apache-2.0
// Text forms of bytes and numbers: hexadecimal, base64 (RFC 4648), percent-encoding (RFC 3986), decimal, UTF-8.
#ifndef PROTO_MEM_TEXT_H
#define PROTO_MEM_TEXT_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

// The value of a hexadecimal digit of either case, or -1.
static inline int text_hex_digit(uint8_t c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

// Letters and digits of ASCII.
static inline bool text_is_alphanumeric(uint8_t c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Whether every byte is alphanumeric or one of `more`; true for no bytes.
bool text_is_all_of(struct slice text, const char *more);

// Writes 2 * bytes.n lower-case digits to `out`, no NUL.
void text_hex_encode(struct slice bytes, char *out);

// Upper or lower case; `out` holds hex.n / 2 bytes. 0, or -EINVAL.
int text_hex_decode(struct slice hex, uint8_t *out);

// Standard alphabet with padding, one line.
int text_base64_encode(struct slice bytes, struct buffer *out);

// The alphabet for URLs and file names, without padding (RFC 7515, section 2).
int text_base64url_encode(struct slice bytes, struct buffer *out);

// Standard alphabet; padding required, no white space. 0, -EINVAL, or -ENOBUFS.
int text_base64_decode(struct slice text, struct buffer *out);

// Everything but A-Z a-z 0-9 - . _ ~ becomes %XX (upper case). With `keep_slash`, "/" stays too.
int text_percent_encode(struct slice text, bool keep_slash, struct buffer *out);

// %XX becomes the byte, all else stays ("+" too). 0, -EINVAL on a broken escape, -ENOBUFS.
int text_percent_decode(struct slice text, struct buffer *out);

// Unreserved in RFC 3986: A-Z a-z 0-9 - . _ ~
bool text_is_unreserved(uint8_t byte);

// Decimal digits only, the whole slice. 0, or -EINVAL (empty, other bytes), -ERANGE.
MUST_CHECK int text_parse_u64(struct slice digits, uint64_t *ret);
// The same with an optional leading "-".
MUST_CHECK int text_parse_i64(struct slice digits, int64_t *ret);

// Length of the UTF-8 sequence at the start of `s`, or 0 when there is none.
size_t text_utf8_sequence(struct slice s);

// Whole and shortest-form UTF-8 without surrogates (RFC 3629).
bool text_is_utf8(struct slice s);

// --- characters that are safe to show (text_shown.c) ---
// Not safe are: control characters (C0, DEL, C1), which terminals obey; U+2028 and U+2029; characters that change the
// direction of the text around them; invisible characters; and bytes that are not UTF-8.

// Whether a byte is printable ASCII, which is safe.
static inline bool text_is_printable(uint8_t c)
{
        return c >= ' ' && c < 0x7f;
}

// Length of the character at the start of `s` if it may be shown, else 0.
size_t text_shown_sequence(struct slice s);

// Whether all of it may be shown.
bool text_is_shown(struct slice s);

// Overwrites each byte of unsafe characters with "?".
void text_defuse(uint8_t *p, size_t n);

// Writes the character at the start of `s` as JSON escapes it (\u009b, \ud83d\udca9; what is not UTF-8 as \ufffd), and
// returns its length there.
enum { TEXT_ESCAPE_SIZE = sizeof("\\u0000\\u0000") };
size_t text_json_escape(struct slice s, char out[TEXT_ESCAPE_SIZE]);

// Whether `s` is an http or https URL that may be shown for people to open: printable ASCII, with a host and without a
// user before it, which could look like one.
bool text_is_web_url(struct slice s);

#endif
