// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/http_target.h"

#include <stddef.h>
#include <string.h>

#include "tests/unit/unit.h"

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
        for (size_t i = 0; i < LENGTH(rows); i++) {
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
        for (size_t i = 0; i < LENGTH(urls); i++) {
                struct http_target t;
                struct error e;
                if (http_target_parse(urls[i], &t, &e) == 0)
                        fail_msg("%s was taken", urls[i]);
                assert_int_equal(e.kind, ERROR_CONFIG);
        }
}

static int find(char *const entries[4], const char *target, struct http_proxy *ret, struct error *e)
{
        struct http_target t;
        struct env env;
        static char *copies[5];
        memcpy(copies, entries, 4 * sizeof(*copies));
        env_init(&env, copies);
        assert_int_equal(http_target_parse(target, &t, NULL), 0);
        return http_proxy_find(&env, &t, ret, e);
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
            {{"https_proxy=http://p.test"}, "https://a.test", "https_proxy", "p.test:80"},
            {{"https_proxy=https://p.test/"}, "https://a.test", "https_proxy", "p.test:443"},
            {{"https_proxy=p.test:1"}, "https://localhost:8443", NULL, ""},
            {{"http_proxy=p.test:1"}, "http://169.254.169.254", NULL, ""},
            {{"https_proxy=p.test:1", "NO_PROXY=.a.test"}, "https://sts.a.test", NULL, ""},
            {{"https_proxy=p.test:1", "NO_PROXY=b.test"}, "https://sts.a.test", "https_proxy", "p.test:1"},
            {{"https_proxy=p.test:1", "no_proxy=b.test", "NO_PROXY=a.test"},
             "https://a.test",
             "https_proxy",
             "p.test:1"},
            {{"https_proxy=p.test:1", "no_proxy=a.test:443"}, "https://a.test", NULL, ""},
            {{"https_proxy=p.test:1", "no_proxy=a.test:443"}, "https://a.test:8443", "https_proxy", "p.test:1"},
            {{"https_proxy=", "HTTPS_PROXY=p.test:1"}, "https://a.test", "HTTPS_PROXY", "p.test:1"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct http_proxy proxy;
                struct error e;
                if (find(rows[i].entries, rows[i].url, &proxy, &e) < 0)
                        fail_msg("row %zu: %s", i, e.message);
                assert_string_equal(proxy.variable ? proxy.variable : "", rows[i].variable ? rows[i].variable : "");
                assert_string_equal(proxy.authority.text, rows[i].text);
        }
}

static void test_what_a_proxy_is(void **state)
{
        struct http_proxy proxy;
        struct error e;
        (void)state;
        assert_int_equal(find((char *[4]){"HTTPS_PROXY=http://me:p%40ss@p.test:3128"}, "https://a.test", &proxy, &e),
                         0);
        assert_string_equal(proxy.url, "http://me:p%40ss@p.test:3128");
        assert_true(proxy.has_user && !proxy.is_tls && !proxy.is_socks);
        assert_int_equal(proxy.authority.port, 3128);
        assert_int_equal(find((char *[4]){"HTTPS_PROXY=https://p.test"}, "https://a.test", &proxy, &e), 0);
        assert_true(!proxy.has_user && proxy.is_tls && !proxy.is_socks);
        assert_int_equal(find((char *[4]){"HTTPS_PROXY=socks5://p.test:1"}, "https://a.test", &proxy, &e), 0);
        assert_true(proxy.is_socks);
}

static void test_no_proxy_at_all(void **state)
{
        static char *const entries[] = {"HTTPS_PROXY=http://user:pass-word@", "HTTPS_PROXY=ftp://user:pass-word@p.test",
                                        "HTTPS_PROXY=http://user:pass-word@p.test:x", "HTTPS_PROXY=user:pass-word@p q"};
        (void)state;
        for (size_t i = 0; i < LENGTH(entries); i++) {
                struct http_proxy proxy;
                struct error e;
                if (find((char *[4]){entries[i]}, "https://a.test", &proxy, &e) == 0)
                        fail_msg("%s was taken", entries[i]);
                assert_int_equal(e.kind, ERROR_CONFIG);
                assert_non_null(strstr(e.message, "environment: HTTPS_PROXY: found another form"));
                assert_non_null(strstr(e.hint, "http://host:port"));
                assert_null(strstr(e.message, "pass-word"));
                assert_null(strstr(e.hint, "pass-word"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_parse),           cmocka_unit_test(test_parse_refuses),
            cmocka_unit_test(test_proxy),           cmocka_unit_test(test_what_a_proxy_is),
            cmocka_unit_test(test_no_proxy_at_all),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
