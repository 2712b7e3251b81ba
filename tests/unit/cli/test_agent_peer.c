// SPDX-License-Identifier: Apache-2.0
// The process behind a socket: this test's own child, under several names.
#include "clients/cli/agent_peer.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/c/deadline.h"
#include "tests/unit/folder.h"

static uid_t user;

// The linker sends calls here, see cmake/tests.cmake.
uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void)
{
        return user;
}

static pid_t listen_as(const char *name, const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int ready[2];
        char byte;
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
                if (prctl(PR_SET_NAME, name) == 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                    listen(fd, 8) == 0 && write(ready[1], "x", 1) == 1)
                        (void)pause();
                _exit(1);
        }
        assert_int_equal(close(ready[1]), 0);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        assert_int_equal(close(ready[0]), 0);
        return pid;
}

static void ends_an_agent_of_this_user_alone(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                uid_t other; // added to this user's
                const char *refusal;
        } rows[] = {
            {"keyfobd", 0, NULL},
            {"systemd", 0, "is not keyfobd itself"},
            {"keyfobd", 1, "belongs to uid"},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct folder folder;
                struct agent_peer peer;
                struct keyfob_error error;
                char path[64];
                int status = 0;
                folder_make(&folder);
                folder_name(&folder, "k.sock", path, sizeof(path));
                user = getuid() + rows[i].other;
                pid_t pid = listen_as(rows[i].name, path);
                bool is_found = agent_peer_find(path, &peer, &error);
                assert_int_equal(is_found, !rows[i].refusal);
                if (is_found) {
                        assert_int_equal(peer.pid, pid);
                        assert_int_equal(agent_peer_stop(&peer, deadline_now_ms() + 60000), 0);
                        assert_int_equal(agent_peer_stop(&peer, deadline_now_ms()), 0); // it has gone
                        agent_peer_close(&peer);
                } else {
                        assert_int_equal(error.status, KEYFOB_REFUSED);
                        assert_non_null(strstr(error.detail, rows[i].refusal));
                        assert_int_equal(kill(pid, SIGKILL), 0);
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(WTERMSIG(status), is_found ? SIGTERM : SIGKILL);
                folder_remove_all(&folder);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(ends_an_agent_of_this_user_alone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
