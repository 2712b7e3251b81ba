// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/agent_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clients/c/deadline.h"
#include "clients/c/errors.h"
#include "clients/cli/agent_place.h"
#include "proto/wire/limits.h"

enum { NAME_SIZE = 32, CONNECT_MS = 5000 };

// The kernel's name of the process: "keyfobd". Of a process that may not be traced the program's path is not shown.
static bool is_agent(pid_t pid)
{
        char path[NAME_SIZE], name[NAME_SIZE] = "";
        (void)snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
        if (fd >= 0)
                (void)close(fd);
        return n > 0 && strcmp(name, "keyfobd\n") == 0;
}

static int open_process(pid_t pid)
{
        int fd = (int)syscall(SYS_pidfd_open, pid, 0U);
        return fd < 0 ? -errno : fd;
}

static bool refuse(const struct ucred *peer, const char *path, struct keyfob_error *error)
{
        if (peer->uid != geteuid())
                (void)errors_set(error, KEYFOB_REFUSED, "ask that user, or its service manager",
                                 "the agent at %s belongs to uid %lu, this is uid %lu", path, (unsigned long)peer->uid,
                                 (unsigned long)geteuid());
        else if (peer->pid <= 0)
                (void)errors_set(error, KEYFOB_REFUSED, "signal it where it runs",
                                 "the agent at %s runs outside this PID namespace", path);
        else
                (void)errors_set(error, KEYFOB_REFUSED, "use the service manager: systemctl stop, systemctl reload",
                                 "pid %ld, which listens at %s, is not keyfobd itself", (long)peer->pid, path);
        return false;
}

static int ask_peer(const char *path, struct ucred *ret)
{
        socklen_t size = sizeof(*ret);
        int fd = deadline_connect(path, deadline_now_ms() + CONNECT_MS);
        if (fd < 0)
                return fd;
        int r = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &size) < 0 ? -errno : 0;
        (void)close(fd);
        return r;
}

bool agent_peer_find(const char *socket, struct agent_peer *ret, struct keyfob_error *error)
{
        char path[LIMIT_UNIX_PATH + 1] = "";
        struct ucred peer = {.pid = 0}, again = {.pid = 0};
        *ret = (struct agent_peer){.fd = -1};
        int r = agent_place_socket(socket, path);
        if (r == 0)
                r = ask_peer(path, &peer);
        if (r < 0) {
                (void)errors_from_system(error, r, path);
                return false;
        }
        if (peer.uid != geteuid() || peer.pid <= 0)
                return refuse(&peer, path, error);
        ret->pid = peer.pid;
        ret->fd = open_process(peer.pid);
        // Asked again while the descriptor exists: the process that listens now is the one that it refers to. Had that
        // one ended before, its socket would be closed.
        r = ret->fd < 0 ? ret->fd : ask_peer(path, &again);
        if (r == 0 && again.pid == peer.pid && is_agent(peer.pid))
                return true;
        agent_peer_close(ret);
        if (r == 0)
                return refuse(&peer, path, error);
        (void)errors_from_system(error, r, path);
        return false;
}

static int send_signal(const struct agent_peer *peer, int number)
{
        return syscall(SYS_pidfd_send_signal, peer->fd, number, NULL, 0U) < 0 ? -errno : 0;
}

int agent_peer_stop(const struct agent_peer *peer, int64_t deadline_ms)
{
        int r = send_signal(peer, SIGTERM);
        if (r < 0)
                return r == -ESRCH ? 0 : r;
        for (;;) {
                int64_t left = deadline_ms - deadline_now_ms();
                struct pollfd p = {.fd = peer->fd, .events = POLLIN};
                r = poll(&p, 1, left > 0 ? (int)left : 0);
                if (r > 0)
                        return 0;
                if (r == 0)
                        return -ETIMEDOUT;
                if (errno != EINTR)
                        return -errno;
        }
}

int agent_peer_reload(const struct agent_peer *peer)
{
        return send_signal(peer, SIGHUP);
}

void agent_peer_close(struct agent_peer *peer)
{
        if (peer->fd >= 0)
                (void)close(peer->fd);
        peer->fd = -1;
}
