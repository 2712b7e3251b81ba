// SPDX-License-Identifier: Apache-2.0
// Expected words are what Python's shlex.split() gives; tests/e2e/test_host_process.py asks it itself, for more.
#include "sidecar/config/command_words.h"

#include "proto/mem/secret.h"
#include "tests/unit/config/support.h"
#include "tests/unit/guard.h"

static void splits(void **state)
{
        (void)state;
        static const struct {
                const char *command;
                const char *words[6];
        } t[] = {
            {"/usr/bin/helper", {"/usr/bin/helper"}},
            {"  a\tb\nc\r ", {"a", "b", "c"}},
            {"a 'b c' d", {"a", "b c", "d"}},
            {"a \"b c\" d", {"a", "b c", "d"}},
            {"a'b'\"c\"d e", {"abcd", "e"}},
            {"a '' \"\"", {"a", "", ""}},
            {"a ''b", {"a", "b"}},
            {"a\\ b c\\\"d \\'e", {"a b", "c\"d", "'e"}},
            {"a \"b\\\"c\\\\d\"", {"a", "b\"c\\d"}},
            {"a \"b\\nc\\$d\"", {"a", "b\\nc\\$d"}}, // other escapes in double quotation marks stay
            {"a 'b\\c' 'd\"e'", {"a", "b\\c", "d\"e"}},
            {"a b#c #d", {"a", "b#c", "#d"}}, // no comments
            {"a $HOME ~ *.c | b > c", {"a", "$HOME", "~", "*.c", "|", "b"}},
            {"a\\\nb", {"a\nb"}}, // no continuation of lines
            {"caf\xc3\xa9 \xe2\x80\x83x", {"caf\xc3\xa9", "\xe2\x80\x83x"}},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct slice command = guard_copy(slice_str(t[i].command));
                const char *what = "untouched";
                char **words = command_words_split(command, &what);
                guard_free(command);
                if (!words)
                        fail_msg("%s: %s", t[i].command, what);
                assert_null(what);
                size_t n = 0;
                for (; n < ROWS(t[i].words) && t[i].words[n]; n++) {
                        assert_non_null(words[n]);
                        assert_string_equal(words[n], t[i].words[n]);
                }
                if (n < ROWS(t[i].words))
                        assert_null(words[n]);
                wiping_free(words);
        }
}

static void refuses(void **state)
{
        (void)state;
        static const struct {
                struct slice command;
                const char *what;
        } t[] = {
            {SLICE_INIT(""), "no command"},       {SLICE_INIT(" \t\n"), "no command"},
            {SLICE_INIT("'' a"), "no command"},   {SLICE_INIT("\"\""), "no command"},
            {SLICE_INIT("a 'b"), "not closed"},   {SLICE_INIT("a \"b"), "not closed"},
            {SLICE_INIT("\""), "not closed"},     {SLICE_INIT("a \\"), "backslash"},
            {SLICE_INIT("a \"b\\"), "backslash"}, {SLICE_INIT("a\0b"), "NUL"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                const char *what = NULL;
                assert_null(command_words_split(t[i].command, &what));
                assert_non_null(what);
                assert_non_null(strstr(what, t[i].what));
                assert_false(command_words_are_sound(t[i].command));
        }
        assert_true(command_words_are_sound(SLICE("a 'b c'")));
}

static void is_checked_at_load_and_not_repeated(void **state)
{
        (void)state;
        struct settings *s = parse_good("{\"profiles\": {\"p\": {\"type\": \"process\", \"credential_process\": "
                                        "\"/opt/helper --name 'a b'\"}}}");
        assert_string_equal(s->profiles[0].credential_process, "/opt/helper --name 'a b'");
        assert_null(s->profiles[0].endpoint_url);
        settings_release(s);
        struct error e;
        assert_int_equal(parse("{\"profiles\": {\"p\": {\"type\": \"process\", \"credential_process\": "
                               "\"/opt/helper --password 'hunter2\"}}}",
                               &s, &e),
                         -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.message, "profiles.p.credential_process"));
        assert_non_null(strstr(e.message, "quotation mark"));
        assert_null(strstr(e.message, "hunter2"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(splits),
            cmocka_unit_test(refuses),
            cmocka_unit_test(is_checked_at_load_and_not_repeated),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
