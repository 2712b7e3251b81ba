// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/http_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_parse(void **state)
{
        static const struct {
                const char *url, *host, *text;
                bool is_tls, is_local;
        } rows[] = {
            {"https://sts.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com:443",
             true, false},
            {"HTTP://Example.test:8080/a?b#c", "Example.test", "Example.test:8080", false, false},
            {"http://127.0.0.1/", "127.0.0.1", "127.0.0.1:80", false, true},
            {"http://127.255.0.9:1/", "127.255.0.9", "127.255.0.9:1", false, true},
            {"http://0x7f.1/", "127.0.0.1", "127.0.0.1:80", false, true},
            {"http://[::1]:81/", "::1", "[::1]:81", false, true},
            {"http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1", "[::ffff:127.0.0.1]:80", false, true},
            {"http://localhost/", "localhost", "localhost:80", false, true},
            {"https://a.LocalHost/", "a.LocalHost", "a.LocalHost:443", true, true},
            {"http://notlocalhost/", "notlocalhost", "notlocalhost:80", false, false},
            {"http://localhost.test/", "localhost.test", "localhost.test:80", false, false},
            {"http://169.254.169.254/latest", "169.254.169.254", "169.254.169.254:80", false, true},
            {"http://169.254.170.2/", "169.254.170.2", "169.254.170.2:80", false, true},
            {"http://[fd00:ec2::254]/", "fd00:ec2::254", "[fd00:ec2::254]:80", false, true},
            {"http://[fe80::1]/", "fe80::1", "[fe80::1]:80", false, true},
            {"http://[fd00:ec3::254]/", "fd00:ec3::254", "[fd00:ec3::254]:80", false, false},
            {"http://128.0.0.1/", "128.0.0.1", "128.0.0.1:80", false, false},
            {"http://169.253.1.1/", "169.253.1.1", "169.253.1.1:80", false, false},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct http_target t;
                struct error e;
                if (http_target_parse(rows[i].url, &t, &e) < 0)
                        fail_msg("%s: %s", rows[i].url, e.message);
                if (strcmp(t.authority.host, rows[i].host) != 0 || strcmp(t.authority.text, rows[i].text) != 0 ||
                    t.is_tls != rows[i].is_tls || t.is_local != rows[i].is_local)
                        fail_msg("%s: %s %s %d %d", rows[i].url, t.authority.host, t.authority.text, t.is_tls,
                                 t.is_local);
        }
}

static void test_parse_refuses(void **state)
{
        static const char *const urls[] = {"",          "example.test/path", "https://", "https://a b/",
                                           "ftp://a/",  "file:///etc",       "//a/",     "https://u@a/",
                                           "http://:1", "http://a:99999/"};
        (void)state;
        for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
                struct http_target t;
                struct error e;
                if (http_target_parse(urls[i], &t, &e) == 0)
                        fail_msg("%s was taken", urls[i]);
                assert_int_equal(e.kind, ERROR_CONFIG);
        }
}

static void test_proxy(void **state)
{
        static const struct {
                char *entries[4];
                const char *url, *variable, *text; // NULL: none
        } rows[] = {
            {{NULL}, "https://a.test", NULL, ""},
            {{"HTTPS_PROXY=http://p.test:3128"}, "https://a.test", "HTTPS_PROXY", "p.test:3128"},
            {{"HTTPS_PROXY=http://p.test:3128"}, "http://a.test", NULL, ""},
            {{"HTTP_PROXY=http://p.test:3128"}, "http://a.test", NULL, ""},
            {{"http_proxy=p.test:1"}, "http://a.test", "http_proxy", "p.test:1"},
            {{"ALL_PROXY=socks5h://p.test"}, "http://a.test", "ALL_PROXY", "p.test"},
            {{"HTTPS_PROXY=upper:1", "https_proxy=lower:2"}, "https://a.test", "https_proxy", "lower:2"},
            {{"all_proxy=all:1", "HTTPS_PROXY=upper:1"}, "https://a.test", "HTTPS_PROXY", "upper:1"},
            {{"https_proxy=http://user:secret@p.test:8"}, "https://a.test", "https_proxy", "p.test:8"},
            {{"https_proxy=http://[::2]:8"}, "https://a.test", "https_proxy", "[::2]:8"},
            {{"https_proxy=http://user:secret@"}, "https://a.test", "https_proxy", "(unreadable)"},
            {{"https_proxy=p.test:1"}, "https://localhost:8443", NULL, ""},
            {{"http_proxy=p.test:1"}, "http://169.254.169.254", NULL, ""},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct http_target t;
                struct http_proxy proxy;
                struct env env;
                char *entries[4];
                memcpy(entries, rows[i].entries, sizeof(entries));
                env_init(&env, entries);
                assert_int_equal(http_target_parse(rows[i].url, &t, NULL), 0);
                http_proxy_find(&env, &t, &proxy);
                assert_string_equal(proxy.variable ? proxy.variable : "", rows[i].variable ? rows[i].variable : "");
                assert_string_equal(proxy.authority.text, rows[i].text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_parse),
            cmocka_unit_test(test_parse_refuses),
            cmocka_unit_test(test_proxy),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
