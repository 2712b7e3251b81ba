// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/agent_process.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/mem/text.h"
#include "tests/unit/folder.h"

// What the program writes to standard error, until it ends.
static const char *output_of(const char *script)
{
        static char text[1024];
        const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
        int fd = agent_process_start(arguments);
        size_t n = 0;
        assert_true(fd > STDERR_FILENO);
        for (ssize_t got; (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0;)
                n += (size_t)got;
        text[n] = '\0';
        assert_int_equal(close(fd), 0);
        return text;
}

static void shares_nothing_with_its_starter(void **state)
{
        (void)state;
        uint64_t session = 0;
        int extra = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(fcntl(extra, F_SETFD, 0), 0); // inheritable
        (void)signal(SIGUSR1, SIG_IGN);

        struct slice text = slice_str(output_of("cut -d' ' -f6 /proc/$$/stat | tr -d '\\n' >&2"));
        assert_int_equal(text_parse_u64(text, &session), 0);
        assert_int_not_equal(session, getsid(0));
        assert_string_equal(output_of("[ $(cut -d' ' -f6 /proc/$$/stat) != $$ ] && pwd >&2"), "/\n"); // no leader
        const char *list = "for f in /proc/$$/fd/*; do [ -e $f ] && printf '%s ' ${f##*/} >&2; done"; // without a pipe
        assert_string_equal(output_of(list), "0 1 2 ");
        assert_string_equal(output_of("grep SigIgn /proc/$$/status | cut -f2 >&2"), "0000000000000000\n");
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no child is left
        assert_int_equal(close(extra), 0);
}

static void reports_what_cannot_be_run(void **state)
{
        (void)state;
        const char *const arguments[] = {"/nonexistent/keyfobd", NULL};
        char text[256] = "";
        int fd = agent_process_start(arguments);
        assert_true(fd > STDERR_FILENO);
        assert_true(read(fd, text, sizeof(text) - 1) > 0);
        assert_string_equal(text, "keyfobd: cannot run /nonexistent/keyfobd: No such file or directory\n");
        assert_int_equal(close(fd), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(shares_nothing_with_its_starter),
            cmocka_unit_test(reports_what_cannot_be_run),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
