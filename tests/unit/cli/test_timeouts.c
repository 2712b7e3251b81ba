// SPDX-License-Identifier: Apache-2.0
// How long each command waits for the agent, and how `keyfob wait` paces itself. Time is the test's own.
#include <time.h>

#include "clients/c/keyfob.h"
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "tests/unit/unit.h"

enum { CALLS_MAX = 1000 };

static int64_t now_ms;
static int timeouts_ms[CALLS_MAX], calls_count, calls_until_invalid;
static int64_t pauses_ms[CALLS_MAX];
static int pauses_count;

// The linker sends calls here, see cmake/tests.cmake: no agent is there.
struct keyfob_client *__wrap_keyfob_connect(const struct keyfob_options *options, struct keyfob_error *error);
struct keyfob_client *__wrap_keyfob_connect(const struct keyfob_options *options, struct keyfob_error *error)
{
        assert_true(calls_count < CALLS_MAX);
        timeouts_ms[calls_count++] = options->timeout_ms;
        bool is_last = calls_until_invalid > 0 && calls_count >= calls_until_invalid;
        *error = (struct keyfob_error){.status = is_last ? KEYFOB_INVALID : KEYFOB_NO_AGENT, .detail = "none"};
        return NULL;
}

int64_t __wrap_deadline_now_ms(void);
int64_t __wrap_deadline_now_ms(void)
{
        return now_ms;
}

int __wrap_nanosleep(const struct timespec *pause, struct timespec *rest);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *rest)
{
        (void)rest;
        assert_true(pauses_count < CALLS_MAX);
        pauses_ms[pauses_count] = pause->tv_sec * 1000 + pause->tv_nsec / 1000000;
        now_ms += pauses_ms[pauses_count++];
        return 0;
}

static int run(const struct command *command, struct options *o)
{
        calls_count = pauses_count = 0;
        now_ms = 1000;
        o->command = command->name;
        return command->run(o);
}

static void each_command_has_its_own(void **state)
{
        (void)state;
        static char method[] = "GET", url[] = "https://sts.us-east-1.amazonaws.com/";
        static char *const request[] = {method, url};
        const struct {
                const struct command *command;
                size_t arguments_count;
                int timeout_ms; // 15 s from memory, 75 s where the agent calls AWS first
        } rows[] = {{&command_credential_process, 0, 15000},
                    {&command_export, 0, 15000},
                    {&command_status, 0, 15000},
                    {&command_sign, 2, 15000},
                    {&command_presign, 2, 15000},
                    {&command_refresh, 0, 75000},
                    {&command_login, 0, 75000}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct options o = {.arguments = request, .arguments_count = rows[i].arguments_count};
                assert_int_equal(run(rows[i].command, &o), EXIT_NO_AGENT);
                if (calls_count != 1 || timeouts_ms[0] != rows[i].timeout_ms)
                        fail_msg("%s: %d calls, %d ms", rows[i].command->name, calls_count, timeouts_ms[0]);
        }
        struct options live = {.values[OPTION_LIVE] = ""};
        assert_int_equal(run(&command_wait, &live), EXIT_NO_AGENT);
        assert_int_equal(timeouts_ms[0], 15000);
}

static void watching_asks_each_second(void **state)
{
        (void)state;
        struct options o = {.values[OPTION_WATCH] = ""};
        calls_until_invalid = 3; // which ends it
        assert_int_not_equal(run(&command_status, &o), EXIT_OK);
        calls_until_invalid = 0;
        assert_int_equal(calls_count, 3);
        for (int i = 0; i < calls_count; i++)
                assert_int_equal(timeouts_ms[i], 2000);
        assert_int_equal(pauses_count, 2);
        assert_int_equal(pauses_ms[0], 1000);
}

static void keeping_a_file_asks_again_with_growing_pauses(void **state)
{
        static const int64_t expected_ms[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
        (void)state;
        struct options o = {.values[OPTION_WATCH] = "", .values[OPTION_FILE] = "/nonexistent/keys"};
        calls_until_invalid = LENGTH(expected_ms) + 1; // and the next again, which ends it
        assert_int_equal(run(&command_export, &o), EXIT_USAGE);
        calls_until_invalid = 0;
        assert_int_equal(calls_count, LENGTH(expected_ms) + 2);
        assert_int_equal(pauses_count, LENGTH(expected_ms));
        for (size_t i = 0; i < LENGTH(expected_ms); i++) {
                assert_int_equal(pauses_ms[i], expected_ms[i]);
                assert_int_equal(timeouts_ms[i], 75000); // longer than an answer takes
        }
}

static void wait_asks_for_a_minute_with_growing_pauses(void **state)
{
        (void)state;
        struct options o = {.command = NULL};
        assert_int_equal(run(&command_wait, &o), EXIT_NO_AGENT);
        assert_int_equal(now_ms - 1000, 60000);
        assert_int_equal(timeouts_ms[0], 15000);
        assert_int_equal(timeouts_ms[calls_count - 1], 1000); // the last call has its second, too
        assert_int_equal(pauses_ms[0], 20);
        for (int i = 1; i + 1 < pauses_count; i++)
                assert_int_equal(pauses_ms[i], pauses_ms[i - 1] < 500 ? 2 * pauses_ms[i - 1] : 1000);
        o.values[OPTION_TIMEOUT] = "5s";
        assert_int_equal(run(&command_wait, &o), EXIT_NO_AGENT);
        assert_int_equal(now_ms - 1000, 5000);
        assert_int_equal(timeouts_ms[0], 5000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_command_has_its_own),
            cmocka_unit_test(watching_asks_each_second),
            cmocka_unit_test(keeping_a_file_asks_again_with_growing_pauses),
            cmocka_unit_test(wait_asks_for_a_minute_with_growing_pauses),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
