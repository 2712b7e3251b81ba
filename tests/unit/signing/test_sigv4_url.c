// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/signing/sigv4.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

static void assert_part(const char *url, const char *what, struct slice actual, const char *expected)
{
        if (!slice_eq(actual, slice_str(expected)))
                fail_msg("%s: %s is %.*s, expected %s", url, what, (int)actual.n, (const char *)actual.p, expected);
}

static void test_split(void **state)
{
        static const struct {
                const char *url, *scheme, *host, *path, *query;
                bool has_query;
        } rows[] = {
            {"https://h", "https", "h", "/", "", false},
            {"https://h/", "https", "h", "/", "", false},
            {"https://h?", "https", "h", "/", "", true},
            {"https://h?a", "https", "h", "/", "a", true},
            {"https://h/?a=?b", "https", "h", "/", "a=?b", true},
            {"http://h:80/a", "http", "h", "/a", "", false},
            {"http://h:443/a", "http", "h:443", "/a", "", false},
            {"https://h:443/a", "https", "h", "/a", "", false},
            {"https://h:80/a", "https", "h:80", "/a", "", false},
            {"https://h:8443/a", "https", "h:8443", "/a", "", false},
            {"https://h:65535", "https", "h:65535", "/", "", false},
            {"https://h:/a", "https", "h", "/a", "", false},
            {"https://h:?a", "https", "h", "/", "a", true},
            {"HTTPS://Host.Example/A", "HTTPS", "Host.Example", "/A", "", false},
            {"https://[::1]/a", "https", "[::1]", "/a", "", false},
            {"https://[2001:db8::7]:8443?a", "https", "[2001:db8::7]:8443", "/", "a", true},
            {"https://[::ffff:192.0.2.1]:443/", "https", "[::ffff:192.0.2.1]", "/", "", false},
            {"https://h//a/../b%2F", "https", "h", "//a/../b%2F", "", false},
            {"https://h/\xc3\xa9/\xf0\x9f\x98\x80?q", "https", "h", "/\xc3\xa9/\xf0\x9f\x98\x80", "q", true},
            {"https://h/a@b:c", "https", "h", "/a@b:c", "", false},
            {"https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-v2%3A1/"
             "invoke?x=0123456789abcdef?y",
             "https", "bedrock-runtime.us-east-1.amazonaws.com", "/model/anthropic.claude-v2%3A1/invoke",
             "x=0123456789abcdef?y", true},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct sigv4_url url;
                struct error e = {.kind = ERROR_NONE};
                struct slice text = guard_copy(slice_str(rows[i].url));
                if (sigv4_parse_url(text, &url, &e) < 0)
                        fail_msg("%s: %s", rows[i].url, e.message);
                assert_part(rows[i].url, "scheme", url.scheme, rows[i].scheme);
                assert_part(rows[i].url, "host", url.host, rows[i].host);
                assert_part(rows[i].url, "path", url.path, rows[i].path);
                assert_part(rows[i].url, "query", url.query, rows[i].query);
                assert_int_equal(url.has_query, rows[i].has_query);
                guard_free(text);
        }
}

static void test_refused(void **state)
{
        static const struct {
                const char *url, *words;
        } rows[] = {
            {"", "https://"},
            {"h/a", "https://"},
            {"ftp://h/", "https://"},
            {"https:/h/", "https://"},
            {" https://h/", "https://"},
            {"https://", "no valid host"},
            {"https:///a", "no valid host"},
            {"https://?a", "no valid host"},
            {"https://:443/", "no valid host"},
            {"https://h h/", "no valid host"},
            {"https://h\x01/", "no valid host"},
            {"https://h%41/", "no valid host"},
            {"https://\xc3\xa9.example/", "no valid host"},
            {"https://[::1/", "no valid host"},
            {"https://[]/", "no valid host"},
            {"https://[::1]x/", "no valid host"},
            {"https://[fe80::1%25eth0]/", "no valid host"},
            {"https://u@h/", "user information"},
            {"https://u:p@h/", "user information"},
            {"https://u:80@h/", "user information"},
            {"https://h:0/", "no valid port"},
            {"https://h:080/", "no valid port"},
            {"https://h:65536/", "no valid port"},
            {"https://h:99999999999999999999/", "no valid port"},
            {"https://h:8a/", "no valid port"},
            {"https://h:-1/", "no valid port"},
            {"https://h#f", "fragment"},
            {"https://h/#f", "fragment"},
            {"https://h/a?b#f", "fragment"},
            {"https://h/a b", "blank"},
            {"https://h/a\tb", "blank"},
            {"https://h/a\r\nx: y", "blank"},
            {"https://h/a?b c", "blank"},
            {"https://h/\x7f", "blank"},
            {"https://h/\xff", "UTF-8"},
            {"https://h/\xc3", "UTF-8"},
            {"https://h/\xc3\xa9 ", "blank"},
            {"https://h/?\xc3\xa9", "ASCII"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct sigv4_url url;
                struct error e = {.kind = ERROR_NONE};
                struct slice text = guard_copy(slice_str(rows[i].url));
                if (sigv4_parse_url(text, &url, &e) == 0)
                        fail_msg("%s passed", rows[i].url);
                if (!strstr(e.message, rows[i].words))
                        fail_msg("%s: %s", rows[i].url, e.message);
                assert_int_equal(e.kind, ERROR_CONFIG);
                assert_int_not_equal(e.hint[0], '\0');
                guard_free(text);
        }
}

static void test_too_long(void **state)
{
        (void)state;
        char *text = malloc(LIMIT_SIGN_URL + 1);
        struct sigv4_url url;
        struct error e;
        memset(text, 'a', LIMIT_SIGN_URL + 1);
        memcpy(text, "https://h/", 10);
        assert_int_equal(sigv4_parse_url(slice_of(text, LIMIT_SIGN_URL), &url, &e), 0);
        assert_int_equal(sigv4_parse_url(slice_of(text, LIMIT_SIGN_URL + 1), &url, &e), -1);
        free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_split),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_too_long),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
