// SPDX-License-Identifier: Apache-2.0
// The command takes the place of this process, so that its process id, its terminal, its signals and its exit status
// are those of a command that runs without keyfob. What serves is a grandchild, which the command cannot take for a
// child of its own. It watches the command's pidfd.
#include "clients/cli/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/cli/cli.h"
#include "clients/cli/relay_request.h"
#include "proto/mem/text.h"
#include "proto/wire/api.h"

enum { TOKEN_BYTES = (RELAY_TOKEN_SIZE - 1) / 2, BACKLOG = 64 };
enum { LISTENER = STDERR_FILENO + 1, COMMAND, OTHERS }; // the descriptors of the process that serves

#define NO_RELAY_HINT "use --env for a command that ends before its credentials do"

// --- what it needs ---

static int make_token(char out[RELAY_TOKEN_SIZE])
{
        uint8_t bytes[TOKEN_BYTES];
        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
                return -1;
        text_hex_encode(slice_of(bytes, sizeof(bytes)), out);
        out[RELAY_TOKEN_SIZE - 1] = '\0';
        return 0;
}

// On any port of the loopback address that all SDKs accept.
static int open_listener(char authority[RELAY_AUTHORITY_SIZE])
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(at);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -1;
        if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, BACKLOG) < 0 ||
            getsockname(fd, (struct sockaddr *)&at, &size) < 0) {
                int cause = errno;
                (void)close(fd);
                errno = cause;
                return -1;
        }
        (void)snprintf(authority, RELAY_AUTHORITY_SIZE, "127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
        return fd;
}

static int write_request(const char *profile, char out[RELAY_REQUEST_SIZE])
{
        struct buffer b;
        buffer_init(&b, RELAY_REQUEST_SIZE - 1);
        (void)buffer_put_str(&b, "GET /" API_VERSION "/container/");
        (void)text_percent_encode(slice_str(profile), false, &b);
        (void)buffer_put_str(&b, " HTTP/1.1\r\nHost: keyfob\r\nConnection: close\r\n\r\n");
        int r = b.failed ? -1 : 0;
        if (r == 0) {
                memcpy(out, b.p, b.n);
                out[b.n] = '\0';
        }
        buffer_free(&b);
        return r;
}

// --- the process ---

static int move_up(int fd)
{
        return fcntl(fd, F_DUPFD_CLOEXEC, OTHERS);
}

static void close_others(void)
{
        if (syscall(SYS_close_range, OTHERS, ~0U, 0) == 0)
                return;
        for (int fd = OTHERS, end = (int)sysconf(_SC_OPEN_MAX); fd < end; fd++) // before Linux 5.9
                (void)close(fd);
}

// Keeps none of the caller's files open: somebody may wait for their end.
static int arrange_descriptors(int listener, int command)
{
        int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
        nothing = nothing < 0 ? -1 : move_up(nothing);
        listener = move_up(listener);
        command = move_up(command);
        if (nothing < 0 || listener < 0 || command < 0)
                return -1;
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (dup2(nothing, fd) < 0)
                        return -1;
        if (dup3(listener, LISTENER, O_CLOEXEC) < 0 || dup3(command, COMMAND, O_CLOEXEC) < 0)
                return -1;
        close_others();
        return 0;
}

// In the child, whose status is an errno. Its own child serves, in a session without a terminal. Supervisors that stop
// a service send SIGTERM to all of its processes, but the command may need credentials to its very end.
static _Noreturn void detach(const struct relay_settings *settings, int listener, int command, char *const *arguments,
                             size_t arguments_count)
{
        sigset_t all;
        (void)sigfillset(&all);
        if (sigprocmask(SIG_SETMASK, &all, NULL) < 0 || setsid() < 0 || arrange_descriptors(listener, command) < 0)
                _exit(errno);
        (void)prctl(PR_SET_DUMPABLE, 0);
        for (size_t i = 0; i < arguments_count; i++)
                explicit_bzero(arguments[i], strlen(arguments[i]));
        if (settings->agent[0] == '/')
                (void)!chdir("/"); // the folder that it started in can be unmounted
        pid_t pid = _Fork();
        if (pid != 0)
                _exit(pid < 0 ? errno : 0);
        relay_serve(settings, LISTENER, COMMAND);
        _exit(0);
}

static int start_process(const struct relay_settings *settings, int listener, int command, char *const *arguments,
                         size_t arguments_count)
{
        struct sigaction own = {.sa_handler = SIG_DFL}, inherited;
        int status = -1;
        if (sigaction(SIGCHLD, &own, &inherited) < 0) // else, ignored, the child's status would be lost
                return -1;
        pid_t pid = _Fork();
        if (pid == 0)
                detach(settings, listener, command, arguments, arguments_count);
        while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        (void)sigaction(SIGCHLD, &inherited, NULL);
        if (pid > 0 && status != 0)
                errno = WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
        return pid > 0 && status == 0 ? 0 : -1;
}

static int fail(const char *what)
{
        (void)cli_fail(EXIT_FAILED, NO_RELAY_HINT, "no endpoint for the command: %s: %s", what, strerror(errno));
        return -1;
}

int relay_start(const char *socket, const char *profile, char *const *arguments, size_t arguments_count,
                struct relay_endpoint *ret)
{
        struct relay_settings settings;
        int listener = -1, command = -1, r = -1;
        if (!keyfob_socket_path(socket, settings.agent, sizeof(settings.agent)) ||
            write_request(profile, settings.agent_request) < 0 || make_token(settings.token) < 0) {
                errno = EINVAL;
                return fail("cannot prepare it");
        }
        listener = open_listener(settings.authority);
        if (listener < 0)
                r = fail("cannot listen on 127.0.0.1");
        else if ((command = (int)syscall(SYS_pidfd_open, getpid(), 0)) < 0)
                r = fail("cannot watch the command (needs Linux 5.3)");
        else if (start_process(&settings, listener, command, arguments, arguments_count) < 0)
                r = fail("cannot start a process");
        else
                r = 0;
        if (listener >= 0)
                (void)close(listener);
        if (command >= 0)
                (void)close(command);
        if (r == 0) {
                (void)snprintf(ret->uri, sizeof(ret->uri), "http://%s" RELAY_PATH, settings.authority);
                memcpy(ret->token, settings.token, sizeof(ret->token));
        }
        return r;
}
