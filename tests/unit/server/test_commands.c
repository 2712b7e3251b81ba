// SPDX-License-Identifier: Apache-2.0
// Peers that belong to commands which the agent runs (struct server_commands).
#include "tests/unit/server/fixture.h"

#define COMMAND 4711

struct commands {
        pid_t pid; // of the peer that was looked for
        unsigned found, asked;
        bool is_command, may_ask;
        const char *profile; // that was asked about last
};

static pid_t find(void *context, pid_t pid)
{
        struct commands *c = context;
        c->pid = pid;
        c->found++;
        return c->is_command ? COMMAND : 0;
}

static bool may_ask(void *context, pid_t command, const struct server_profile *profile)
{
        struct commands *c = context;
        assert_int_equal(command, COMMAND);
        c->asked++;
        c->profile = profile->name;
        return c->may_ask;
}

static void asks_before_each_request_that_may_wait(void **state)
{
        (void)state;
        struct fixture f;
        struct commands commands = {.is_command = true};
        fixture_start(&f);
        fixture_add(&f, "a", false);
        fixture_fetch_all(&f);
        f.server->deps.commands = (struct server_commands){find, may_ask, &commands};
        struct client c = client_open(&f);
        assert_int_equal(client_get(&c, "/livez"), 200);
        assert_int_equal(commands.pid, getpid());
        assert_int_equal(client_get(&c, "/v1/profiles/a"), 200);
        assert_int_equal(client_get(&c, "/v1/profiles/a/login"), 200);
        assert_int_equal(commands.asked, 0);
        for (unsigned i = 1; i <= 2; i++) { // the second goes by what the first has found
                assert_int_equal(client_get(&c, CREDENTIALS), 508);
                expect_problem(&c, 508, "loop_detected");
                assert_int_equal(commands.asked, i);
                assert_string_equal(commands.profile, "a");
        }
        assert_int_equal(client_post(&c, "/v1/profiles/a/refresh", ""), 508);
        commands.may_ask = true;
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        assert_int_equal(commands.asked, 4);
        assert_int_equal(commands.found, 1); // once a connection
        stop(&f, &c);
}

static void others_are_not_asked_about(void **state)
{
        (void)state;
        struct fixture f;
        struct commands commands = {.is_command = false};
        fixture_start(&f);
        fixture_add(&f, "a", false);
        fixture_fetch_all(&f);
        f.server->deps.commands = (struct server_commands){find, may_ask, &commands};
        struct client c = client_open(&f);
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        assert_true(commands.found == 1 && commands.asked == 0);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(asks_before_each_request_that_may_wait),
            cmocka_unit_test(others_are_not_asked_about),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
