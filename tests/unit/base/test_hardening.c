// SPDX-License-Identifier: Apache-2.0
// In a child, because it cannot be undone. What leak checkers need stays in builds with sanitizers, so the test of
// core dumps asks which build this is.
#include "sidecar/base/hardening.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1 // as gcc says it
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

// What is opened later must not become standard error, into which the log is written.
static int check_descriptors(void)
{
        int fds[2];
        for (int fd = 0; fd <= 2; fd++)
                if (fcntl(fd, F_GETFD) < 0)
                        return 8;
        if (pipe(fds) < 0 || fds[0] <= 2)
                return 9;
        return write(STDERR_FILENO, "x", 1) == 1 ? 0 : 10;
}

static int check(void)
{
        struct error e;
        for (int fd = 0; fd <= 2; fd++)
                (void)close(fd);
        struct rlimit core;
        struct sigaction pipe_action;
        if (hardening_apply(&e) < 0)
                return 2;
        if (prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1)
                return 3;
        if (sigaction(SIGXFSZ, NULL, &pipe_action) < 0 || pipe_action.sa_handler != SIG_IGN)
                return 8;
        if (sigaction(SIGPIPE, NULL, &pipe_action) < 0 || pipe_action.sa_handler != SIG_IGN)
                return 4;
        if (umask(0) != 077)
                return 5;
        int descriptors = check_descriptors();
        if (descriptors != 0 || is_sanitized)
                return descriptors;
        if (prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L) != 0)
                return 6;
        if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur != 0 || core.rlim_max != 0)
                return 7;
        return 0;
}

static void test_apply(void **state)
{
        int status = 0;
        (void)state;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(check());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_apply)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
