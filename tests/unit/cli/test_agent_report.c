// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/agent_report.h"

#include "tests/unit/unit.h"

static void reads_the_agents_own_reason(void **state)
{
        (void)state;
        static const struct {
                const char *report, *detail, *hint;
        } rows[] = {
            {"keyfobd: a\nhint: b\n", "cannot start the agent: a", "b"},
            {"keyfobd: a\n", "cannot start the agent: a", ""},
            {"keyfobd: a", "cannot start the agent: a", ""},
            {"keyfobd: a\nhint: b\nkeyfobd: c\n", "cannot start the agent: a (the first of 2 faults)",
             "run `keyfobd --check` to see all of them"},
            {"warning: x\nkeyfobd: a\n", "cannot start the agent: a", ""},
            {"ld.so: no library\nmore\n", "cannot start the agent: ld.so: no library", ""},
            {"", "cannot start the agent: /bin/keyfobd ended without a message; its log is /l",
             "read its log, and run keyfobd yourself to see what it prints"},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct keyfob_error error;
                agent_report_read(rows[i].report, "/bin/keyfobd", "/l", &error);
                assert_int_equal(error.status, KEYFOB_NO_AGENT);
                assert_string_equal(error.detail, rows[i].detail);
                assert_string_equal(error.hint, rows[i].hint);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_the_agents_own_reason),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
