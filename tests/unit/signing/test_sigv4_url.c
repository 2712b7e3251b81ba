// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/signing/service_rules.h"
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
            {"HTTPS://Host.Example/A", "HTTPS", "host.example", "/A", "", false},
            {"wss://h:443/mqtt", "wss", "h", "/mqtt", "", false},
            {"WS://h:80/", "WS", "h", "/", "", false},
            {"ws://h:443/", "ws", "h:443", "/", "", false},
            {"https://1a.example/", "https", "1a.example", "/", "", false},
            {"https://127.1:8443/", "https", "127.0.0.1:8443", "/", "", false},
            {"https://0X7F.1:443/", "https", "127.0.0.1", "/", "", false},
            {"https://9.1/", "https", "9.0.0.1", "/", "", false},
            {"https://2130706433/", "https", "127.0.0.1", "/", "", false},
            {"https://0177.0.0.01/", "https", "127.0.0.1", "/", "", false},
            {"https://08.0.0.1/", "https", "08.0.0.1", "/", "", false},   // no number: a name
            {"https://1.2.3.4.5/", "https", "1.2.3.4.5", "/", "", false}, // likewise
            {"https://1.2.3.256/", "https", "1.2.3.256", "/", "", false}, // likewise
            {"https://[0:0:0:0:0:0:0:1]:80/", "https", "[::1]:80", "/", "", false},
            {"https://[2001:DB8:0::7]/", "https", "[2001:db8::7]", "/", "", false},
            {"https://[::FFFF:7f00:1]/", "https", "[::ffff:127.0.0.1]", "/", "", false},
            {"https://h/?\xc3\xa9?", "https", "h", "/", "\xc3\xa9?", true},
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
            {"https://[:::]/", "no valid host"},
            {"https://[1.2.3.4]/", "no valid host"},
            {"https://[0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1]/", "no valid host"},
            {"wsss://h/", "https://"},
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
            {"https://h/?\xc3", "UTF-8"},
            {"https://h/?\xc3\xa9 ", "blank"},
            {"https://h/?\xc3\xa9#", "fragment"},
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

static void test_to_send(void **state)
{
        static const struct {
                const char *url, *service, *expected; // NULL: as it is written
        } rows[] = {
            {"https://h/a/../b//%7e?x=a+b&y=/,&&", "s3", NULL},
            {"https://h/dt=1", "s3", NULL},
            {"https://h/a+b", "es", NULL},
            {"https://h/\"<>[]^`{|}\\?\"<>[]^`{|}\\", "es", NULL},
            {"https://1a.example:8443/", "es", NULL},
            {"http://127.0.0.1:443/", "es", NULL},
            {"https://[::1]/", "es", NULL},
            {"https://h?a", "es", NULL},
            {"https://h/a+b+?c+d", "s3", "https://h/a%20b%20?c+d"},
            {"https://h/\xc3\xa9+%c3?\xc3\xa9+=1", "es", "https://h/%C3%A9+%c3?%C3%A9+=1"},
            {"https://H/dt=1/f(1)%7e%/..//%2e%2e?x=1", "s3", "https://h/dt%3D1/f%281%29%7e%/..//%2e%2e?x=1"},
            {"https://h/\xc3\xa9+", "s3express", "https://h/%C3%A9%20"},
            {"https://ES.us-east-1.amazonaws.com/X?Y", "es", "https://es.us-east-1.amazonaws.com/X?Y"},
            {"HTTPS://H:443", "es", "https://h"},
            {"https://h:/?", "es", "https://h/?"},
            {"WSS://H:8443/x", "es", "wss://h:8443/x"},
            {"https://[0:0:0:0:0:0:0:1]:8443?a", "es", "https://[::1]:8443?a"},
            {"https://0x7f.1/x", "es", "https://127.0.0.1/x"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct sigv4_url url, again;
                struct error e = {.kind = ERROR_NONE};
                struct buffer out;
                const struct service_rules *rules = service_rules_of(slice_str(rows[i].service));
                buffer_init(&out, LIMIT_SIGN_CANONICAL);
                assert_int_equal(sigv4_parse_url(slice_str(rows[i].url), &url, &e), 0);
                if (sigv4_url_is_as_sent(&url, rules) != !rows[i].expected)
                        fail_msg("%s is sent otherwise", rows[i].url);
                sigv4_put_url(&url, rules, &out);
                assert_false(out.failed);
                if (rows[i].expected) // "s3" may spell a path otherwise that could be sent as it is
                        assert_part(rows[i].url, "URL", buffer_slice(&out), rows[i].expected);
                assert_int_equal(sigv4_parse_url(buffer_slice(&out), &again, &e), 0);
                assert_true(sigv4_url_is_as_sent(&again, rules));
                buffer_free(&out);
        }
        struct buffer small;
        struct sigv4_url url;
        struct error e;
        buffer_init(&small, 5);
        assert_int_equal(sigv4_parse_url(SLICE("https://h/"), &url, &e), 0);
        sigv4_put_url(&url, service_rules_of(SLICE("s3")), &small);
        assert_true(small.failed);
        buffer_free(&small);
}

static void test_long_hosts(void **state)
{
        (void)state;
        char text[SIGV4_HOST_MAX + 16], name[SIGV4_HOST_MAX + 1];
        struct sigv4_url url;
        struct error e;
        memset(name, 'A', sizeof(name));
        for (int n = SIGV4_HOST_MAX - 7; n <= SIGV4_HOST_MAX; n++) {
                (void)snprintf(text, sizeof(text), "https://%.*s:8443", n, name);
                assert_int_equal(sigv4_parse_url(slice_str(text), &url, &e) == 0, n + 5 <= SIGV4_HOST_MAX);
                (void)snprintf(text, sizeof(text), "https://%.*s", n, name);
                assert_int_equal(sigv4_parse_url(slice_str(text), &url, &e) == 0, n < SIGV4_HOST_MAX);
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
            cmocka_unit_test(test_split),      cmocka_unit_test(test_refused),  cmocka_unit_test(test_to_send),
            cmocka_unit_test(test_long_hosts), cmocka_unit_test(test_too_long),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
