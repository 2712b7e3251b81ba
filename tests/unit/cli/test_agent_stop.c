// SPDX-License-Identifier: Apache-2.0
// keyfob agent stop waits for 10 s: an agent takes 3 s at most.
#include <errno.h>
#include <string.h>

#include "clients/c/deadline.h"
#include "clients/cli/agent_peer.h"
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "tests/unit/unit.h"

static int64_t left_ms;
static unsigned closed;

// The linker sends calls here, see cmake/tests.cmake.
bool __wrap_agent_peer_find(const char *socket, struct agent_peer *ret, struct keyfob_error *error);
bool __wrap_agent_peer_find(const char *socket, struct agent_peer *ret, struct keyfob_error *error)
{
        (void)socket;
        (void)error;
        *ret = (struct agent_peer){.fd = -1, .pid = 7};
        return true;
}

int __wrap_agent_peer_stop(const struct agent_peer *peer, int64_t deadline_ms);
int __wrap_agent_peer_stop(const struct agent_peer *peer, int64_t deadline_ms)
{
        assert_int_equal(peer->pid, 7);
        left_ms = deadline_ms - deadline_now_ms();
        return -ETIMEDOUT;
}

void __wrap_agent_peer_close(struct agent_peer *peer);
void __wrap_agent_peer_close(struct agent_peer *peer)
{
        (void)peer;
        closed++;
}

int64_t __wrap_deadline_now_ms(void);
int64_t __wrap_deadline_now_ms(void)
{
        return 1000;
}

static void waits_10_s(void **state)
{
        (void)state;
        static char stop[] = "stop";
        static char *const arguments[] = {stop, NULL};
        const struct options o = {.command = "agent", .arguments = arguments, .arguments_count = 1};
        assert_int_equal(command_agent.run(&o), EXIT_FAILED);
        assert_int_equal(left_ms, 10000);
        assert_int_equal(closed, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(waits_10_s),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
