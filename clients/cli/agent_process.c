// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/agent_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/cli/agent_place.h"

enum { EXIT_CANNOT_RUN = 127, DESCRIPTORS_MAX = 65536 };

extern char **environ;

static void reset_signals(void)
{
        sigset_t none;
        (void)sigemptyset(&none);
        for (int number = 1; number < NSIG; number++)
                (void)signal(number, SIG_DFL);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

// musl has no close_range().
static void close_from(unsigned first)
{
#ifdef SYS_close_range
        if (syscall(SYS_close_range, first, ~0U, 0U) == 0)
                return;
#endif
        for (unsigned fd = first; fd < DESCRIPTORS_MAX; fd++)
                (void)close((int)fd);
}

// dup2() leaves the new descriptors open over execve(), which dup3() with O_CLOEXEC would not.
static int set_streams(int output)
{
        int null = open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
            dup2(output, STDERR_FILENO) < 0)
                return -1;
        return 0;
}

__attribute__((noreturn)) static void become(const char *const *arguments, char *const *environment, int output)
{
        reset_signals();
        if (set_streams(output) == 0) {
                close_from(STDERR_FILENO + 1);
                if (chdir("/") == 0) {
                        // execve() does not change the texts, but its type is older than const.
                        union {
                                const char *const *given;
                                char *const *wanted;
                        } words = {.given = arguments};
                        (void)execve(arguments[0], words.wanted, environment);
                }
                (void)dprintf(STDERR_FILENO, "keyfobd: cannot run %s: %s\n", arguments[0], strerror(errno));
        }
        _exit(EXIT_CANNOT_RUN);
}

// A pipe above the standard streams, which the child replaces one after the other.
static int open_pipe(int ends[2])
{
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        for (int i = 0; i < 2; i++) {
                int moved = ends[i] > STDERR_FILENO ? ends[i] : fcntl(ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
                int r = moved < 0 ? -errno : 0;
                if (moved != ends[i])
                        (void)close(ends[i]);
                ends[i] = moved;
                if (r < 0) {
                        (void)close(ends[!i]);
                        return r;
                }
        }
        return 0;
}

int agent_process_start(const char *const *arguments)
{
        int ends[2];
        int status = 0;
        char **environment = agent_place_environment(environ);
        if (!environment)
                return -ENOMEM;
        int r = open_pipe(ends);
        if (r < 0) {
                agent_place_free(environment);
                return r;
        }
        pid_t child = fork();
        if (child == 0) {
                // The child of a leader is no leader: it can never get a terminal. And it is nobody's zombie.
                (void)setsid();
                pid_t agent = fork();
                if (agent == 0)
                        become(arguments, environment, ends[1]);
                _exit(agent < 0 ? errno : 0);
        }
        r = child < 0 ? -errno : ends[0];
        while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) != 0)
                r = -WEXITSTATUS(status);
        (void)close(ends[1]);
        if (r < 0)
                (void)close(ends[0]);
        agent_place_free(environment);
        return r;
}
