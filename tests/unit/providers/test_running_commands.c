// SPDX-License-Identifier: Apache-2.0
// Ancestry is judged with processes of our own.
#include "sidecar/providers/running_commands.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sidecar/config/settings.h"
#include "tests/unit/unit.h"

// ---- who asks ----

// A child in a session of its own, with a child, in a session of its own as well if asked for; both wait to be killed.
static pid_t start_family(bool has_new_session, pid_t *ret_child)
{
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)setsid();
                pid_t child = fork();
                if (child == 0) {
                        if (has_new_session)
                                (void)setsid();
                        pid_t self = getpid();
                        (void)!write(ends[1], &self, sizeof(self));
                }
                for (;;)
                        (void)pause();
        }
        assert_int_equal(read(ends[0], ret_child, sizeof(*ret_child)), (ssize_t)sizeof(*ret_child));
        (void)close(ends[0]);
        (void)close(ends[1]);
        return pid;
}

static void finds_the_command_of_a_process(void **state)
{
        (void)state;
        for (int has_new_session = 0; has_new_session < 2; has_new_session++) {
                struct running_commands all = LIST_HEAD_INITIALIZER(all);
                struct running_command command;
                const struct profile profile = {.name = (char *)"a"};
                pid_t child = 0;
                pid_t pid = start_family(has_new_session, &child);
                assert_int_equal(running_commands_find(&all, child), 0);
                running_commands_add(&all, &command, pid, &profile);
                assert_int_equal(running_commands_find(&all, pid), pid);
                assert_int_equal(running_commands_find(&all, child), pid);
                assert_int_equal(running_commands_find(&all, getpid()), 0);
                assert_int_equal(running_commands_find(&all, 1), 0);
                assert_int_equal(running_commands_find(&all, 0), 0); // of another PID namespace
                running_commands_remove(&command);
                assert_int_equal(running_commands_find(&all, child), 0);
                (void)kill(child, SIGKILL);
                (void)kill(pid, SIGKILL);
                (void)waitpid(pid, NULL, 0);
        }
}

// ---- what it may ask for ----

enum { A, B, C, ON_A, PROFILES_N };

static struct profile profiles[PROFILES_N] = {
    {.name = (char *)"a"},
    {.name = (char *)"b"},
    {.name = (char *)"c"},
    {.name = (char *)"on-a", .source_profile = (char *)"a"},
};
static size_t by_name[PROFILES_N] = {A, B, C, ON_A};
static struct settings settings = {.profiles = profiles, .profiles_count = PROFILES_N, .by_name = by_name};

static int set_up(void **state)
{
        (void)state;
        for (size_t i = 0; i < PROFILES_N; i++)
                profiles[i].settings = &settings;
        return 0;
}

static void refuses_what_needs_the_command(void **state)
{
        (void)state;
        struct running_commands all = LIST_HEAD_INITIALIZER(all);
        struct running_command command;
        running_commands_add(&all, &command, 100, &profiles[A]);
        assert_true(running_commands_may_ask(&all, 100, &profiles[B]));
        assert_false(command.is_circle || command.waits_for_circle);
        assert_true(running_commands_may_ask(&all, 200, &profiles[A])); // of no command, or one that has ended
        assert_false(command.is_circle);
        assert_false(running_commands_may_ask(&all, 100, &profiles[ON_A]));
        assert_true(command.is_circle);
        assert_false(running_commands_may_ask(&all, 100, &profiles[A]));
}

// a's command asks for b, b's for c, and c's for what stands on a.
static void refuses_what_waits_for_the_command(void **state)
{
        (void)state;
        struct running_commands all = LIST_HEAD_INITIALIZER(all);
        struct running_command commands[3];
        for (int i = 0; i < 3; i++)
                running_commands_add(&all, &commands[i], 100 + i, &profiles[i]);
        assert_true(running_commands_may_ask(&all, 100, &profiles[B]));
        assert_true(running_commands_may_ask(&all, 101, &profiles[C]));
        assert_false(running_commands_may_ask(&all, 102, &profiles[ON_A]));
        assert_true(commands[2].is_circle && !commands[0].is_circle && !commands[1].is_circle);
        assert_true(commands[0].waits_for_circle && commands[1].waits_for_circle);
        running_commands_remove(&commands[1]);
        assert_true(running_commands_may_ask(&all, 102, &profiles[ON_A])); // nothing waits any more
}

static void remembers_the_last_that_were_asked_for(void **state)
{
        (void)state;
        struct running_commands all = LIST_HEAD_INITIALIZER(all);
        struct running_command commands[2];
        running_commands_add(&all, &commands[A], 100, &profiles[A]);
        running_commands_add(&all, &commands[B], 101, &profiles[B]);
        assert_true(running_commands_may_ask(&all, 100, &profiles[B]));
        for (int i = 1; i < RUNNING_COMMAND_ASKED_N; i++)
                assert_true(running_commands_may_ask(&all, 100, &profiles[C]));
        assert_false(running_commands_may_ask(&all, 101, &profiles[A]));
        assert_true(running_commands_may_ask(&all, 100, &profiles[C]));
        assert_true(running_commands_may_ask(&all, 101, &profiles[A]));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(finds_the_command_of_a_process),
            cmocka_unit_test(refuses_what_needs_the_command),
            cmocka_unit_test(refuses_what_waits_for_the_command),
            cmocka_unit_test(remembers_the_last_that_were_asked_for),
        };
        return cmocka_run_group_tests(tests, set_up, NULL);
}
