// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/browser.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define URL "https://x/?a=b&user_code=AB-CD"

static void splits_commands_without_a_shell(void **state)
{
        static const struct {
                const char *command;
                const char *words[6]; // none: refused
        } t[] = {
            {"firefox", {"firefox", URL}},
            {"  firefox\t-P  me ", {"firefox", "-P", "me", URL}},
            {"firefox %s", {"firefox", URL}},
            {"b %s %s", {"b", URL, URL}},
            {"b --url=%s;rm", {"b", "--url=" URL ";rm"}},
            {"b '%s'", {"b", "'" URL "'"}},
            {"b 100%% %", {"b", "100%", "%", URL}},
            {"b $(x) `y`", {"b", "$(x)", "`y`", URL}},
            {"b %d", {"b", "%d", URL}},
            {"", {NULL}},
            {" \t ", {NULL}},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(t); i++) {
                char text[BROWSER_TEXT_SIZE], *words[BROWSER_WORDS_N + 1];
                bool is_good = browser_words(t[i].command, strlen(t[i].command), URL, text, words);
                assert_int_equal(is_good, t[i].words[0] != NULL);
                size_t n = 0;
                for (; is_good && words[n]; n++)
                        assert_string_equal(words[n], t[i].words[n]);
                assert_null(t[i].words[n]);
        }
}

static void refuses_what_does_not_fit(void **state)
{
        char command[2 * BROWSER_TEXT_SIZE], text[BROWSER_TEXT_SIZE], *words[BROWSER_WORDS_N + 1];
        (void)state;
        for (size_t count = 1; count <= BROWSER_WORDS_N + 2; count++) { // words of one letter
                for (size_t i = 0; i < count; i++)
                        memcpy(command + 2 * i, "b ", 2);
                assert_int_equal(browser_words(command, 2 * count, "u", text, words), count < BROWSER_WORDS_N);
        }
        for (size_t n = BROWSER_TEXT_SIZE - 4; n < BROWSER_TEXT_SIZE; n++) { // … with its NUL, and "u" with its own
                memset(command, 'b', n);
                assert_int_equal(browser_words(command, n, "u", text, words), n + 1 + 2 < BROWSER_TEXT_SIZE);
        }
}

static void opens_https_alone(void **state)
{
        static const struct {
                const char *url;
                bool may;
        } t[] = {
            {"https://device.sso.us-east-1.amazonaws.com/?user_code=A", true},
            {"http://device.sso.us-east-1.amazonaws.com/", false},
            {"http://127.0.0.1/", false},
            {"HTTPS://x/", false},
            {"file:///etc/passwd", false},
            {"javascript:alert(1)", false},
            {"https://aws.amazon.com@evil.example/", false},
            {"https://", false},
            {"https://x/ y", false},
            {"https://x/\n", false},
            {"https://x/\xc3\xa9", false},
            {"https://x/'", false},
            {"-https://x/", false},
            {"", false},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(t); i++)
                assert_int_equal(browser_may_open(t[i].url), t[i].may);
}

static void tries_one_after_the_other(void **state)
{
        (void)state;
        assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
        assert_int_equal(unsetenv("BROWSER"), 0);
        assert_false(browser_open("https://x/"));
        assert_int_equal(setenv("BROWSER", "/nonexistent/a:/nonexistent/b: ", 1), 0);
        assert_false(browser_open("https://x/"));
        assert_int_equal(setenv("BROWSER", "/nonexistent/a::/bin/true", 1), 0);
        assert_true(browser_open("https://x/"));
        assert_false(browser_open("http://x/"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(splits_commands_without_a_shell),
            cmocka_unit_test(refuses_what_does_not_fit),
            cmocka_unit_test(opens_https_alone),
            cmocka_unit_test(tries_one_after_the_other),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
