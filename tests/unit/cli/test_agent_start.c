// SPDX-License-Identifier: Apache-2.0
// How long a start, a stop and the look for the agent's process take at most. Time is the test's own, and no agent is
// there.
#include "clients/cli/agent_start.h"

#include <errno.h>
#include <poll.h>
#include <sys/file.h>

#include "clients/c/deadline.h"
#include "clients/cli/agent_peer.h"
#include "clients/cli/agent_place.h"
#include "clients/cli/agent_process.h"
#include "tests/unit/folder.h"

enum { BEGIN_MS = 1000 };

static int64_t now_ms, connect_left_ms;
static int starts, output;

// The linker sends calls here, see cmake/tests.cmake.
int64_t __wrap_deadline_now_ms(void);
int64_t __wrap_deadline_now_ms(void)
{
        return now_ms;
}

int __wrap_deadline_connect(const char *path, int64_t deadline_ms);
int __wrap_deadline_connect(const char *path, int64_t deadline_ms)
{
        (void)path;
        connect_left_ms = deadline_ms - now_ms;
        return -ECONNREFUSED;
}

// Nothing ever happens.
int __wrap_poll(struct pollfd *list, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *list, nfds_t count, int timeout_ms)
{
        (void)list;
        (void)count;
        assert_true(timeout_ms > 0);
        now_ms += timeout_ms;
        return 0;
}

int __wrap_agent_place_program(char *path);
int __wrap_agent_place_program(char *path)
{
        (void)snprintf(path, AGENT_PROGRAM_SIZE, "/keyfobd");
        return 0;
}

int __wrap_agent_process_start(const char *const *arguments);
int __wrap_agent_process_start(const char *const *arguments)
{
        assert_string_equal(arguments[0], "/keyfobd");
        starts++;
        return fcntl(output, F_DUPFD_CLOEXEC, 3);
}

static void start_in(const struct folder *folder, const char *text)
{
        char path[64], found[LIMIT_UNIX_PATH + 1];
        struct keyfob_error error;
        folder_name(folder, "k.sock", path, sizeof(path));
        now_ms = BEGIN_MS;
        assert_false(agent_start(path, found, &error));
        assert_int_equal(error.status, KEYFOB_NO_AGENT);
        assert_string_equal(found, path);
        if (!strstr(error.detail, text))
                fail_msg("no \"%s\" in %s", text, error.detail);
}

static void waits_20_s_for_what_is_being_started(void **state)
{
        (void)state;
        struct folder folder;
        char lock[64];
        int ends[2];
        folder_make(&folder);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        output = ends[0]; // to which the agent neither writes, nor closes it
        starts = 0;
        start_in(&folder, "did not start within 20 s");
        assert_int_equal(now_ms, BEGIN_MS + 20000);
        assert_int_equal(starts, 1);

        folder_name(&folder, "k.sock.lock", lock, sizeof(lock));
        int fd = open(lock, O_RDWR | O_CLOEXEC);
        assert_int_equal(flock(fd, LOCK_EX), 0);
        start_in(&folder, "holds ");
        assert_int_equal(now_ms, BEGIN_MS + 20000);
        assert_int_equal(starts, 1);
        assert_int_equal(close(fd), 0);

        assert_int_equal(close(ends[1]), 0);
        assert_int_equal(close(ends[0]), 0);
        folder_remove_all(&folder);
}

static void asks_the_socket_for_5_s(void **state)
{
        (void)state;
        struct agent_peer peer;
        struct keyfob_error error;
        now_ms = BEGIN_MS;
        assert_false(agent_peer_find("/nonexistent/k.sock", &peer, &error));
        assert_int_equal(error.status, KEYFOB_NO_AGENT);
        assert_int_equal(connect_left_ms, 5000);
        assert_int_equal(peer.fd, -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(waits_20_s_for_what_is_being_started),
            cmocka_unit_test(asks_the_socket_for_5_s),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
