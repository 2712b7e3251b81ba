// SPDX-License-Identifier: Apache-2.0
// A lock file keeps others from starting an agent that would only find the socket taken; what makes sure that there is
// one agent is keyfobd, which never takes the name of a socket that answers. So nothing depends on the lock, and a
// process that dies with it leaves nothing behind that must be cleaned up.
#include "clients/cli/agent_start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/c/deadline.h"
#include "clients/c/errors.h"
#include "clients/cli/agent_place.h"
#include "clients/cli/agent_process.h"
#include "clients/cli/agent_report.h"
#include "proto/mem/text.h"

enum {
        START_MS = 20000,
        LOCK_PAUSE_MS = 20,
        SUFFIX_SIZE = sizeof(".lock"),
        REPORT_SIZE = 8192, // of what keyfobd writes before it serves; the rest is not read
};

// No session of a role lasts longer: after as long without requests nothing is lost that a user had to enter a code
// for.
#define IDLE_EXIT "12h"

static bool answers(const char *path, int64_t deadline_ms)
{
        int fd = deadline_connect(path, deadline_ms);
        if (fd >= 0)
                (void)close(fd);
        return fd >= 0;
}

// The directory as keyfobd would make it; where this fails, keyfobd says why.
static void make_directory(const char *path)
{
        char directory[LIMIT_UNIX_PATH + 1];
        (void)snprintf(directory, sizeof(directory), "%.*s", (int)(strrchr(path, '/') - path), path);
        bool is_shared = geteuid() == 0 && strncmp(directory, "/run/", strlen("/run/")) == 0;
        if (directory[0] && mkdir(directory, 0700) == 0 && is_shared)
                (void)chmod(directory, 0755);
}

// Returns the lock's descriptor; -1: there can be no lock; -2: an agent answers meanwhile; -ETIMEDOUT.
enum { LOCK_NONE = -1, LOCK_NOT_NEEDED = -2, LOCK_TIMED_OUT = -3 };

static int take_lock(const char *path, int64_t deadline_ms)
{
        char name[LIMIT_UNIX_PATH + SUFFIX_SIZE];
        make_directory(path);
        (void)snprintf(name, sizeof(name), "%s.lock", path);
        int fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
        if (fd < 0)
                return LOCK_NONE;
        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                int result = errno != EWOULDBLOCK && errno != EINTR ? LOCK_NONE
                             : answers(path, deadline_ms)           ? LOCK_NOT_NEEDED
                             : deadline_now_ms() >= deadline_ms     ? LOCK_TIMED_OUT
                                                                    : 0;
                if (result < 0) {
                        (void)close(fd);
                        return result;
                }
                (void)poll(NULL, 0, LOCK_PAUSE_MS);
        }
        return fd;
}

// Reads until the agent serves or ends, which both close its standard error. False: it took too long.
static bool read_report(int fd, char *report, int64_t deadline_ms)
{
        size_t n = 0;
        bool is_late = false;
        for (ssize_t got = 1; got > 0 && !is_late;) {
                int64_t left = deadline_ms - deadline_now_ms();
                struct pollfd p = {.fd = fd, .events = POLLIN};
                int r = poll(&p, 1, left > 0 ? (int)left : 0);
                if (r < 0 && errno == EINTR)
                        continue;
                is_late = r <= 0;
                if (!is_late)
                        got = read(fd, report + n, REPORT_SIZE - 1 - n);
                n += !is_late && got > 0 ? (size_t)got : 0;
        }
        report[n] = '\0';
        return !is_late;
}

static bool start(const char *path, int64_t deadline_ms, struct keyfob_error *error)
{
        char program[AGENT_PROGRAM_SIZE], log[LIMIT_UNIX_PATH + SUFFIX_SIZE], report[REPORT_SIZE];
        (void)snprintf(log, sizeof(log), "%s.log", path);
        if (agent_place_program(program) < 0) {
                (void)errors_set(error, KEYFOB_NO_AGENT, "install keyfobd beside keyfob, or in a directory of PATH",
                                 "cannot start the agent: found no keyfobd beside keyfob or on PATH");
                return false;
        }
        const char *const arguments[] = {program,   "--socket",       path, "--log-file", log, "--idle-exit",
                                         IDLE_EXIT, "--run-commands", NULL};
        int output = agent_process_start(arguments);
        if (output < 0) {
                (void)errors_set(error, KEYFOB_NO_AGENT, "", "cannot start the agent: %s", strerror(-output));
                return false;
        }
        bool is_complete = read_report(output, report, deadline_ms);
        (void)close(output);
        if (answers(path, deadline_ms))
                return true;
        if (is_complete)
                agent_report_read(report, program, log, error);
        else
                (void)errors_set(error, KEYFOB_NO_AGENT, "read its log", "the agent did not start within %d s: %s",
                                 START_MS / 1000, log);
        return false;
}

bool agent_start(const char *socket, char path[LIMIT_UNIX_PATH + 1], struct keyfob_error *error)
{
        int64_t deadline_ms = deadline_now_ms() + START_MS;
        int r = agent_place_socket(socket, path);
        if (r < 0) {
                (void)errors_from_system(error, r, "");
                return false;
        }
        if (answers(path, deadline_ms))
                return true;
        int lock = take_lock(path, deadline_ms);
        if (lock == LOCK_TIMED_OUT) {
                (void)errors_set(error, KEYFOB_NO_AGENT, "end the process that holds the lock, or remove the file",
                                 "another process has been starting the agent for %d s: it holds %s.lock",
                                 START_MS / 1000, path);
                return false;
        }
        bool is_there =
            lock == LOCK_NOT_NEEDED || (lock >= 0 && answers(path, deadline_ms)) || start(path, deadline_ms, error);
        if (lock >= 0)
                (void)close(lock);
        return is_there;
}
