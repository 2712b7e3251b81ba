// SPDX-License-Identifier: Apache-2.0
#include "proto/mem/text.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

static void test_hex(void **state)
{
        static const struct {
                const char *hex;
                int r;
                struct slice bytes;
        } rows[] = {
            {"", 0, SLICE_INIT("")},
            {"00ff", 0, SLICE_INIT("\x00\xff")},
            {"DeadBeef", 0, SLICE_INIT("\xde\xad\xbe\xef")},
            {"0", -EINVAL, SLICE_INIT("")},
            {"0g", -EINVAL, SLICE_INIT("")},
            {" 0", -EINVAL, SLICE_INIT("")},
            {"0x", -EINVAL, SLICE_INIT("")},
            {"@0", -EINVAL, SLICE_INIT("")},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct slice hex = guard_copy(slice_str(rows[i].hex));
                uint8_t out[8];
                char back[16];
                assert_int_equal(text_hex_decode(hex, out), rows[i].r);
                if (rows[i].r == 0) {
                        assert_true(slice_eq(slice_of(out, hex.n / 2), rows[i].bytes));
                        text_hex_encode(rows[i].bytes, back);
                        assert_true(slice_eq_ignore_case(slice_of(back, hex.n), hex));
                }
                guard_free(hex);
        }
}

static void test_base64(void **state)
{
        static const struct {
                struct slice bytes;
                const char *text;
        } rows[] = {
            // RFC 4648, section 10
            {SLICE_INIT(""), ""},
            {SLICE_INIT("f"), "Zg=="},
            {SLICE_INIT("fo"), "Zm8="},
            {SLICE_INIT("foo"), "Zm9v"},
            {SLICE_INIT("foob"), "Zm9vYg=="},
            {SLICE_INIT("fooba"), "Zm9vYmE="},
            {SLICE_INIT("foobar"), "Zm9vYmFy"},
            {SLICE_INIT("\x00\x10\x83\xff\xef\xbe"), "ABCD/+++"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer b;
                buffer_init(&b, 64);
                assert_int_equal(text_base64_encode(rows[i].bytes, &b), 0);
                assert_true(slice_eq(buffer_slice(&b), slice_str(rows[i].text)));
                struct slice text = guard_copy(buffer_slice(&b));
                buffer_reset(&b);
                assert_int_equal(text_base64_decode(text, &b), 0);
                assert_true(slice_eq(buffer_slice(&b), rows[i].bytes));
                guard_free(text);
                buffer_free(&b);
        }
}

static void test_base64_refusals(void **state)
{
        static const char *const rows[] = {
            "Z",        "Zg",   "Zg=",   "Zh==", "Zm9=",       "Z===", "====",    "Zm 9", "Zm9v\n",
            "Zg==Zg==", "Zm-_", "Zm9v=", "=m9v", "Zm\xc3\xa4", "Z=g=", "AAA\x80", "AA=A"};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer b;
                buffer_init(&b, 64);
                struct slice text = guard_copy(slice_str(rows[i]));
                if (text_base64_decode(text, &b) != -EINVAL)
                        fail_msg("accepted %s", rows[i]);
                assert_int_equal(b.n, 0);
                guard_free(text);
                buffer_free(&b);
        }
}

static void test_percent(void **state)
{
        static const struct {
                const char *plain, *encoded, *encoded_with_slash;
        } rows[] = {
            {"", "", ""},
            {"AZaz09-._~", "AZaz09-._~", "AZaz09-._~"},
            {"a/b", "a%2Fb", "a/b"},
            {"a b+c", "a%20b%2Bc", "a%20b%2Bc"},
            {"%", "%25", "%25"},
            {"\xc3\xa4:*", "%C3%A4%3A%2A", "%C3%A4%3A%2A"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer b;
                buffer_init(&b, 64);
                struct slice plain = guard_copy(slice_str(rows[i].plain));
                assert_int_equal(text_percent_encode(plain, false, &b), 0);
                assert_true(slice_eq(buffer_slice(&b), slice_str(rows[i].encoded)));
                struct slice encoded = guard_copy(buffer_slice(&b));
                buffer_reset(&b);
                assert_int_equal(text_percent_decode(encoded, &b), 0);
                assert_true(slice_eq(buffer_slice(&b), plain));
                buffer_reset(&b);
                assert_int_equal(text_percent_encode(plain, true, &b), 0);
                assert_true(slice_eq(buffer_slice(&b), slice_str(rows[i].encoded_with_slash)));
                guard_free(plain);
                guard_free(encoded);
                buffer_free(&b);
        }
}

static void test_percent_refusals(void **state)
{
        static const char *const rows[] = {"%", "%2", "a%", "%g0", "%0g", "%%20", "%+1"};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer b;
                buffer_init(&b, 64);
                struct slice text = guard_copy(slice_str(rows[i]));
                assert_int_equal(text_percent_decode(text, &b), -EINVAL);
                assert_int_equal(b.n, 0);
                guard_free(text);
                buffer_free(&b);
        }
}

static void test_full_buffers(void **state)
{
        struct buffer b;
        (void)state;
        buffer_init(&b, 3);
        assert_int_equal(text_base64_encode(SLICE("a"), &b), -1);
        buffer_reset(&b);
        assert_int_equal(text_base64_decode(SLICE("AAAAAA=="), &b), -ENOBUFS);
        buffer_reset(&b);
        assert_int_equal(text_percent_encode(SLICE("  "), false, &b), -1);
        buffer_reset(&b);
        assert_int_equal(text_percent_encode(slice_of("", SIZE_MAX / 3 + 1), false, &b), -1); // before it reads a byte
        assert_true(b.failed);
        buffer_reset(&b);
        assert_int_equal(text_percent_decode(SLICE("abcd"), &b), -ENOBUFS);
        assert_true(b.failed);
        buffer_free(&b);
}

static void test_unsigned_numbers(void **state)
{
        static const struct {
                const char *text;
                int r;
                uint64_t value;
        } rows[] = {
            {"0", 0, 0},          {"007", 0, 7},      {"18446744073709551615", 0, UINT64_MAX},
            {"", -EINVAL, 0},     {"-1", -EINVAL, 0}, {"18446744073709551616", -ERANGE, 0},
            {"+1", -EINVAL, 0},   {"1 ", -EINVAL, 0}, {"99999999999999999999", -ERANGE, 0},
            {"0x10", -EINVAL, 0}, {"1/", -EINVAL, 0}, {"36893488147419103232", -ERANGE, 0},
            {"1:", -EINVAL, 0},   {".", -EINVAL, 0},  {"99999999999999999999x", -EINVAL, 0},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct slice text = guard_copy(slice_str(rows[i].text));
                uint64_t value = 0;
                assert_int_equal(text_parse_u64(text, &value), rows[i].r);
                assert_true(value == rows[i].value);
                guard_free(text);
        }
}

static void test_signed_numbers(void **state)
{
        static const struct {
                const char *text;
                int r;
                int64_t value;
        } rows[] = {
            {"0", 0, 0},
            {"-0", 0, 0},
            {"-1", 0, -1},
            {"9223372036854775807", 0, INT64_MAX},
            {"-9223372036854775808", 0, INT64_MIN},
            {"9223372036854775808", -ERANGE, 0},
            {"-9223372036854775809", -ERANGE, 0},
            {"-", -EINVAL, 0},
            {"--1", -EINVAL, 0},
            {"", -EINVAL, 0},
            {"+1", -EINVAL, 0},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct slice text = guard_copy(slice_str(rows[i].text));
                int64_t value = 0;
                assert_int_equal(text_parse_i64(text, &value), rows[i].r);
                assert_true(value == rows[i].value);
                guard_free(text);
        }
}

static void test_utf8(void **state)
{
        static const struct {
                const char *text;
                bool valid;
        } rows[] = {
            {"", true},
            {"plain text, more than eight bytes of it", true},
            {"\xc2\x80", true},                // U+0080
            {"\xdf\xbf", true},                // U+07FF
            {"\xe0\xa0\x80", true},            // U+0800
            {"\xed\x9f\xbf", true},            // U+D7FF
            {"\xee\x80\x80", true},            // U+E000
            {"\xf0\x90\x80\x80", true},        // U+10000
            {"\xf4\x8f\xbf\xbf", true},        // U+10FFFF
            {"12345678\xc3\xa4", true},        //
            {"\x80", false},                   // a continuation alone
            {"\xc0\x80", false},               // not the shortest form
            {"\xc1\xbf", false},               //
            {"\xe0\x9f\xbf", false},           //
            {"\xf0\x8f\xbf\xbf", false},       //
            {"\xed\xa0\x80", false},           // a surrogate
            {"\xf4\x90\x80\x80", false},       // above U+10FFFF
            {"\xf5\x80\x80\x80", false},       //
            {"\xff", false},                   //
            {"\xc3", false},                   // cut short
            {"\xe2\x82", false},               //
            {"\xf0\x9f\x92", false},           //
            {"\xc3(", false},                  // no continuation
            {"\xe2\x28\xa1", false},           //
            {"\xf0\x9f\x28\xbc", false},       //
            {"\xf0\x9f\x92\x28", false},       //
            {"1234567\xc3", false},            // cut at the end of a word
            {"12345678123456\xe2\x82", false}, //
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct slice text = guard_copy(slice_str(rows[i].text));
                if (text_is_utf8(text) != rows[i].valid)
                        fail_msg("row %zu", i);
                guard_free(text);
        }
}

static void test_defuse(void **state)
{
        static const struct {
                const char *text, *want;
        } rows[] = {
            {"", ""},
            {"plain ~ text", "plain ~ text"},
            {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xa9\xc2\xa0", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xa9\xc2\xa0"},
            {"\x1b[2J\n\r\t\x7f", "?[2J????"},
            {"\xc2\x9b"
             "31m\xc2\x80",
             "??31m??"}, // C1, which terminals obey in UTF-8 too
            {"\x9b\xff\xc3", "???"},
            {"\xe2\x82", "??"},                                 // cut short
            {"a\xe2\x80\xaegpj.exe", "a???gpj.exe"},            // U+202E: shown as exe.jpg
            {"\xe2\x81\xa6x\xe2\x81\xa9\xd8\x9c", "???x?????"}, // U+2066, U+2069, U+061C
            {"\xe2\x80\xa8\xe2\x80\xa9", "??????"},             // U+2028, U+2029
            {"\xe2\x80\x8b\xef\xbb\xbf\xc2\xad", "????????"},   // U+200B, U+FEFF, U+00AD: invisible
            {"\xf3\xa0\x81\x81", "????"},                       // U+E0041: a tag
            {"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xb0", "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xb0"}, // U+2027, U+202F, U+2070
            {"\xd7\x90\xd8\xa7", "\xd7\x90\xd8\xa7"},                                         // Hebrew and Arabic
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer text;
                size_t n = strlen(rows[i].text);
                buffer_init(&text, n);
                assert_int_equal(buffer_put_str(&text, rows[i].text), 0);
                text_defuse(text.p, text.n);
                assert_int_equal(strlen(rows[i].want), n);
                if (n > 0)
                        assert_memory_equal(text.p, rows[i].want, n);
                buffer_free(&text);
        }
}

static size_t encode(uint32_t c, uint8_t p[4])
{
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
        for (size_t i = n; i-- > 0; c >>= 6)
                p[i] = (uint8_t)(i > 0 ? 0x80 | (c & 0x3f) : first[n] | c);
        return n;
}

// Each character of Unicode that text cannot be shown with, by its category and properties there.
static void test_shown(void **state)
{
        static const uint32_t hidden[] = {0,      0x9,    0x1f,   0x7f,   0x80,   0x9b,   0x9f,    0xad,   0x61c,
                                          0x180e, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a,  0x202e, 0x2060,
                                          0x2066, 0x2069, 0x206f, 0xfe0f, 0xfeff, 0xfff9, 0xe0001, 0xe0fff};
        static const uint32_t shown[] = {0x20,   0x7e,   0xa0,   0xac,   0xae,   0x61b,   0x2010,  0x2027,
                                         0x202f, 0x205f, 0x2070, 0x20ac, 0xfffd, 0x1f4a9, 0xe1000, 0x10ffff};
        (void)state;
        for (size_t i = 0; i < LENGTH(hidden) + LENGTH(shown); i++) {
                uint8_t p[4];
                char escaped[TEXT_ESCAPE_SIZE], want[32];
                bool is_hidden = i < LENGTH(hidden);
                uint32_t c = is_hidden ? hidden[i] : shown[i - LENGTH(hidden)];
                size_t n = encode(c, p);
                assert_int_equal(text_shown_sequence(slice_of(p, n)), is_hidden ? 0 : n);
                assert_int_equal(text_is_shown(slice_of(p, n)), !is_hidden);
                assert_int_equal(text_json_escape(slice_of(p, n), escaped), n);
                if (c < 0x10000)
                        (void)snprintf(want, sizeof(want), "\\u%04x", c);
                else
                        (void)snprintf(want, sizeof(want), "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 | (c & 0x3ff));
                assert_string_equal(escaped, want);
        }
        char escaped[TEXT_ESCAPE_SIZE];
        assert_int_equal(text_json_escape(SLICE("\xff\xff"), escaped), 1);
        assert_string_equal(escaped, "\\ufffd");
        assert_true(text_is_shown(SLICE("")));
}

static void test_web_urls(void **state)
{
        static const struct {
                const char *text;
                bool is_url;
        } rows[] = {
            {"https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH", true},
            {"http://127.0.0.1:8080/", true},
            {"https://a", true},
            {"https://a#b@c", true},
            {"", false},
            {"https://", false},
            {"https:///path", false},
            {"https://?x", false},
            {"javascript:alert(1)", false},
            {"file:///etc/passwd", false},
            {"https://device.sso.us-east-1.amazonaws.com@evil.example/", false},
            {"https://a b", false},
            {"https://a/\n", false},
            {"https://a/\x1b[8m", false},
            {"https://a/\x7f", false},
            {"https://\xe2\x80\xae.example/", false},
            {"https://\xd0\xb0mazonaws.com/", false}, // its first letter is Cyrillic
            {"https://a\\@b/", false},
            {" https://a", false},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                if (text_is_web_url(slice_str(rows[i].text)) != rows[i].is_url)
                        fail_msg("row %zu: %s", i, rows[i].text);
}

static void base64url(void **state)
{
        (void)state;
        struct buffer b;
        static const struct {
                struct slice bytes;
                const char *text;
        } rows[] = {
            {SLICE_INIT(""), "x"},        {SLICE_INIT("f"), "xZg"},         {SLICE_INIT("fo"), "xZm8"},
            {SLICE_INIT("foo"), "xZm9v"}, {SLICE_INIT("\xfb\xff"), "x-_8"}, {SLICE_INIT("\xfb\xef\xff"), "x--__"}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                buffer_init(&b, 64);
                (void)buffer_put_byte(&b, 'x'); // what was there before stays
                assert_int_equal(text_base64url_encode(rows[i].bytes, &b), 0);
                assert_string_equal(buffer_c_str(&b), rows[i].text);
                buffer_free(&b);
        }
        buffer_init(&b, 3);
        assert_int_equal(text_base64url_encode(SLICE("a"), &b), -1);
        buffer_free(&b);
}

static void tells_letters_and_digits_from_other_bytes(void **state)
{
        (void)state;
        for (unsigned c = 0; c < 256; c++) {
                uint8_t byte = (uint8_t)c;
                bool is_alphanumeric = c > 0 && c < 128 &&
                                       strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789",
                                              (int)c);
                assert_true(text_is_alphanumeric(byte) == is_alphanumeric);
                assert_true(text_is_all_of(slice_of(&byte, 1), "_-") == (is_alphanumeric || c == '_' || c == '-'));
        }
        assert_true(text_is_all_of(SLICE("aZ9_-"), "_-"));
        assert_false(text_is_all_of(SLICE("aZ9_- "), "_-"));
        assert_false(text_is_all_of(SLICE("a_b"), ""));
        assert_true(text_is_all_of(SLICE(""), ""));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(base64url),           cmocka_unit_test(test_hex),
            cmocka_unit_test(test_base64),         cmocka_unit_test(test_base64_refusals),
            cmocka_unit_test(test_percent),        cmocka_unit_test(test_percent_refusals),
            cmocka_unit_test(test_full_buffers),   cmocka_unit_test(test_unsigned_numbers),
            cmocka_unit_test(test_signed_numbers), cmocka_unit_test(test_utf8),
            cmocka_unit_test(test_defuse),         cmocka_unit_test(test_shown),
            cmocka_unit_test(test_web_urls),       cmocka_unit_test(tells_letters_and_digits_from_other_bytes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
