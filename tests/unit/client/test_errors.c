// SPDX-License-Identifier: Apache-2.0
#include "clients/c/errors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/unit.h"

static void explains_system_errors(void **state)
{
        static const struct {
                int r;
                enum keyfob_status status;
                const char *detail, *hint_start;
        } rows[] = {
            {-ENOENT, KEYFOB_NO_AGENT, "no agent at /s: no such socket", "start the agent"},
            {-ENOTDIR, KEYFOB_NO_AGENT, "no agent at /s: no such socket", "start the agent"},
            {-ECONNREFUSED, KEYFOB_NO_AGENT, "no agent at /s: nothing listens there", "start the agent"},
            {-ENOTSOCK, KEYFOB_NO_AGENT, "no agent at /s: nothing listens there", "start the agent"},
            {-EPROTOTYPE, KEYFOB_NO_AGENT, "no agent at /s: nothing listens there", "start the agent"},
            {-EACCES, KEYFOB_NO_AGENT, "cannot connect to /s: permission denied", "join the group"},
            {-EPERM, KEYFOB_NO_AGENT, "cannot connect to /s: permission denied", "join the group"},
            {-ENAMETOOLONG, KEYFOB_NO_AGENT, "the path of the socket is longer than 107 bytes", "use a shorter"},
            {-ETIMEDOUT, KEYFOB_TIMED_OUT, "the agent at /s did not answer in time", "read the agent's log"},
            {-ENOMEM, KEYFOB_NO_MEMORY, "out of memory", ""},
            {-EMFILE, KEYFOB_NO_AGENT, "cannot connect to /s: too many open files", "raise the limit"},
            {-ENFILE, KEYFOB_NO_AGENT, "cannot connect to /s: too many open files", "raise the limit"},
            {-EPROTO, KEYFOB_BAD_ANSWER, "the answer from /s is incomplete or not HTTP", "check that"},
            {-ECONNRESET, KEYFOB_BAD_ANSWER, "the agent at /s closed the connection without an answer", "check that"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct keyfob_error error;
                assert_int_equal(errors_from_system(&error, rows[i].r, "/s"), rows[i].status);
                assert_int_equal(error.status, rows[i].status);
                assert_string_equal(error.detail, rows[i].detail);
                assert_true(slice_starts_with(slice_str(error.hint), slice_str(rows[i].hint_start)));
                assert_int_equal(error.hint[0] == 0, rows[i].hint_start[0] == 0);
                assert_int_equal(errors_from_system(NULL, rows[i].r, "/s"), rows[i].status);
        }
}

// A cut never leaves the start of a UTF-8 sequence.
static void cuts_long_texts_between_characters(void **state)
{
        char text[5000];
        (void)state;
        for (size_t lead = 0; lead < 3; lead++) {
                struct keyfob_error error;
                size_t n = 0;
                while (n < lead)
                        text[n++] = 'a';
                while (n + 3 < sizeof(text)) {
                        memcpy(text + n, "\xe2\x82\xac", 3);
                        n += 3;
                }
                text[n] = 0;
                assert_int_equal(errors_set(&error, KEYFOB_INVALID, text, "%s", text), KEYFOB_INVALID);
                size_t want = lead + (sizeof(error.detail) - 1 - lead) / 3 * 3;
                assert_int_equal(strlen(error.detail), want);
                assert_memory_equal(error.detail, text, want);
                assert_string_equal(error.hint, error.detail);
        }
}

static void replaces_control_characters(void **state)
{
        struct keyfob_error error;
        (void)state;
        (void)errors_set(&error, KEYFOB_INVALID, "\x1b[2J", "a%sb", "\r\n\x9b");
        assert_string_equal(error.detail, "a???b");
        assert_string_equal(error.hint, "?[2J");
        assert_int_equal(error.http_status, 0);
        assert_string_equal(error.code, "");
}

static void caps_retry_after_at_a_day(void **state)
{
        static const struct {
                const char *body;
                int want;
        } rows[] = {{"{\"retry_after\":7}", 7},         {"{\"retry_after\":86400}", 86400},
                    {"{\"retry_after\":86401}", 86400}, {"{\"retry_after\":99999999999999}", 86400},
                    {"{\"retry_after\":-1}", 0},        {"{\"retry_after\":\"7\"}", 0}};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct keyfob_error error;
                assert_int_equal(errors_from_answer(&error, 503, slice_str(rows[i].body)), KEYFOB_REFUSED);
                assert_int_equal(error.retry_after_s, rows[i].want);
                assert_int_equal(error.http_status, 503);
        }
        assert_int_equal(errors_from_answer(NULL, 503, SLICE("{}")), KEYFOB_REFUSED);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(explains_system_errors),
            cmocka_unit_test(cuts_long_texts_between_characters),
            cmocka_unit_test(replaces_control_characters),
            cmocka_unit_test(caps_retry_after_at_a_day),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
