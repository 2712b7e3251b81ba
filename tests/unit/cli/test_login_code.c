// SPDX-License-Identifier: Apache-2.0
// Codes of MFA devices: how they are read, and that the command keeps none.
#include <pty.h>

#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/prompt.h"
#include "tests/unit/client/agent.h"
#include "tests/unit/stack.h"

#define CODE "271828"
#define MFA(state) "{\"kind\":\"mfa\",\"profile\":\"dev\",\"mfa_serial\":\"me\",\"state\":\"" state "\"}\n"

static void lines_are_read_and_wiped(void **state)
{
        (void)state;
        static const struct {
                const char *input, *code; // NULL: refused
        } rows[] = {
            {CODE "\n", CODE},
            {"  " CODE " \r\nmore", CODE},
            {CODE, CODE},
            {"", NULL},
            {" \n" CODE, NULL},
            {"012345678901234567890123456789012345678901234567890123456789012\n",
             "012345678901234567890123456789012345678901234567890123456789012"},
            {"0123456789012345678901234567890123456789012345678901234567890123\n", NULL},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char line[PROMPT_CODE_SIZE];
                int ends[2];
                memset(line, 'x', sizeof(line));
                assert_int_equal(pipe(ends), 0);
                assert_int_equal(write(ends[1], rows[i].input, strlen(rows[i].input)), strlen(rows[i].input));
                (void)close(ends[1]);
                assert_int_equal(prompt_read_line(ends[0], line), rows[i].code != NULL);
                (void)close(ends[0]);
                size_t n = rows[i].code ? strlen(rows[i].code) : 0;
                assert_memory_equal(line, rows[i].code ? rows[i].code : "", n);
                for (; n < sizeof(line); n++)
                        assert_int_equal(line[n], 0);
        }
}

struct login {
        const struct options *options;
        int exit_code;
};

static void log_in(void *arg)
{
        struct login *l = arg;
        l->exit_code = command_login.run(l->options);
}

// In a child process: 0 when the login succeeded and left no code on the stack.
__attribute__((noreturn)) static void log_in_and_exit(const char *socket_path, bool from_input)
{
        static char profile[] = "dev";
        char *const arguments[] = {profile};
        struct options o = {.command = "login", .arguments = arguments, .arguments_count = 1};
        o.values[OPTION_SOCKET] = socket_path;
        o.values[OPTION_CODE_STDIN] = from_input ? "" : NULL;
        struct login l = {&o, -1};
        bool keeps = stack_keeps(SLICE(CODE), log_in, &l);
        (void)fflush(NULL);
        _exit(l.exit_code == EXIT_OK && !keeps ? 0 : 1);
}

static void assert_left_nothing(pid_t pid, struct agent *agent)
{
        int status = -1;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_true(agent_end(agent));
        assert_non_null(strstr(agent->log, "{\"token_code\":\"" CODE "\"}"));
        agent_free(agent);
}

static const struct agent_step script[] = {{OK_HEAD, AGENT_STAY, 0, MFA("idle"), 0},
                                           {OK_HEAD, AGENT_CLOSE, 0, MFA("complete"), 0}};

static void a_code_from_input_is_not_kept(void **state)
{
        (void)state;
        struct agent agent;
        int ends[2];
        agent_start(&agent, script, LENGTH(script));
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)dup2(ends[0], STDIN_FILENO);
                (void)close(ends[1]);
                log_in_and_exit(agent.path, true);
        }
        assert_int_equal(write(ends[1], CODE "\n", sizeof(CODE)), sizeof(CODE));
        (void)close(ends[0]);
        (void)close(ends[1]);
        assert_left_nothing(pid, &agent);
}

static void a_code_from_the_terminal_is_not_kept(void **state)
{
        (void)state;
        static const struct agent_step asked[] = {{OK_HEAD, AGENT_STAY, 0, MFA("idle"), 0},
                                                  {OK_HEAD, AGENT_STAY, 0, MFA("idle"), 0},
                                                  {OK_HEAD, AGENT_CLOSE, 0, MFA("complete"), 0}};
        struct agent agent;
        int terminal = -1;
        char shown[256] = "";
        agent_start(&agent, asked, LENGTH(asked));
        pid_t pid = forkpty(&terminal, NULL, NULL, NULL);
        assert_true(pid >= 0);
        if (pid == 0)
                log_in_and_exit(agent.path, false);
        for (size_t n = 0; !strstr(shown, "for dev: ");) {
                ssize_t got = read(terminal, shown + n, sizeof(shown) - 1 - n);
                assert_true(got > 0);
                n += (size_t)got;
        }
        assert_int_equal(write(terminal, CODE "\n", sizeof(CODE)), sizeof(CODE));
        assert_left_nothing(pid, &agent);
        (void)close(terminal);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(lines_are_read_and_wiped),
            cmocka_unit_test(a_code_from_input_is_not_kept),
            cmocka_unit_test(a_code_from_the_terminal_is_not_kept),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
