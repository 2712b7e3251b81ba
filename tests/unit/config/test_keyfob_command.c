// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/keyfob_command.h"

#include "tests/unit/unit.h"

static void reads_commands(void **state)
{
        static const struct {
                const char *command, *profile, *socket, *runtime_dir; // runtime_dir NULL: the agent's own
        } rows[] = {
            {"keyfob credential-process t", "t", "", NULL},
            {"keyfob credential-process", "default", "", NULL},
            {"keyfob credential-process t --autostart", "t", "", NULL},
            {"keyfob --auto credential-process t", "t", "", NULL},
            {"/usr/local/bin/keyfob credential-process t", "t", "", NULL},
            {"./keyfob  credential-process\t't'", "t", "", NULL},
            {"keyfob credential-process --profile t", "t", "", NULL},
            {"keyfob --prof=t credential-process", "t", "", NULL},
            {"keyfob -- credential-process t", "t", "", NULL},
            {"env KEYFOB_PROFILE=t keyfob credential-process", "t", "", NULL},
            {"env KEYFOB_PROFILE= keyfob credential-process", "default", "", NULL},
            {"sh -c 'KEYFOB_PROFILE=u keyfob credential-process t'", "t", "", NULL},
            {"keyfob credential-process 'a b' --socket /run/a", "a b", "/run/a", NULL},
            {"keyfob --sock=/run/a credential-process t", "t", "/run/a", NULL},
            {"env keyfob credential-process t", "t", "", NULL},
            {"/usr/bin/env A=b KEYFOB_SOCKET=/run/b keyfob credential-process t", "t", "/run/b", NULL},
            {"env -u AWS_PROFILE XDG_RUNTIME_DIR=/run/user/7 keyfob credential-process t", "t", "", "/run/user/7"},
            {"env -i PATH=/bin keyfob credential-process t", "t", "", ""},
            {"nice -n 5 timeout -k 1 10s keyfob credential-process t", "t", "", NULL},
            {"nohup setsid stdbuf -oL keyfob credential-process t", "t", "", NULL},
            {"sh -c 'keyfob credential-process t'", "t", "", NULL},
            {"/bin/bash -lc \"exec keyfob credential-process t\"", "t", "", NULL},
            {"sh -e -c 'KEYFOB_SOCKET=/run/c command keyfob credential-process \"a b\"'", "a b", "/run/c", NULL},
            {"env sh -c \"sh -c 'keyfob credential-process t'\"", "t", "", NULL},
        };
        struct keyfob_command c;
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                if (keyfob_command_read(slice_str(rows[i].command), &c) != 1)
                        fail_msg("%s", rows[i].command);
                assert_string_equal(c.profile, rows[i].profile);
                assert_string_equal(c.socket, rows[i].socket);
                assert_int_equal(c.has_runtime_dir, rows[i].runtime_dir != NULL);
                assert_string_equal(c.runtime_dir, rows[i].runtime_dir ? rows[i].runtime_dir : "");
        }
}

// Others, and those that may do something else.
static void takes_no_other_commands(void **state)
{
        static const char *const rows[] = {
            "",
            "keyfob",
            "keyfob status t",
            "keyfob credential-process t u",
            "keyfob credential-process -- t",
            "keyfob credential-process --autostart -- t",
            "keyfob credential-process t --autostarts",
            "keyfob credential-process --help",
            "keyfob credential-process --profile",
            "keyfob-helper credential-process t",
            "echo keyfob credential-process t",
            "A=b keyfob credential-process t", // there is no shell: a program of that name
            "exec keyfob credential-process t",
            "env",
            "env -S 'keyfob credential-process t'",
            "timeout",
            "sh keyfob credential-process t",
            "sh -c",
            "sh -c 'keyfob credential-process t || cat /run/spare.json'",
            "sh -c 'keyfob credential-process \"$NAME\"'",
            "sh -c 'test -e /x && keyfob credential-process t'",
            "sh -c \"sh -c 'sh -c \\\"sh -c keyfob\\\"'\"",
            "keyfob credential-process 'unclosed",
        };
        struct keyfob_command c;
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                if (keyfob_command_read(slice_str(rows[i]), &c) != 0)
                        fail_msg("%s", rows[i]);
}

static void takes_no_names_that_are_too_long(void **state)
{
        char command[300 + LIMIT_PROFILE_NAME];
        struct keyfob_command c;
        (void)state;
        for (int n = LIMIT_PROFILE_NAME; n <= LIMIT_PROFILE_NAME + 1; n++) {
                (void)snprintf(command, sizeof(command), "keyfob credential-process %0*d", n, 7);
                assert_int_equal(keyfob_command_read(slice_str(command), &c), n == LIMIT_PROFILE_NAME);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_commands),
            cmocka_unit_test(takes_no_other_commands),
            cmocka_unit_test(takes_no_names_that_are_too_long),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
