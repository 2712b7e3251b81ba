// SPDX-License-Identifier: Apache-2.0
#include "clients/c/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { RETRY_MS = 5 }; // while the listener's backlog is full

// In a process whose standard streams are closed, the socket would take the place of one of them, and what the process
// prints would go to the agent.
static int open_socket(void)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || fd > STDERR_FILENO)
                return fd < 0 ? -errno : fd;
        int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        int r = moved < 0 ? -errno : moved;
        (void)close(fd);
        return r;
}

int64_t deadline_now_ms(void)
{
        struct timespec now;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// The milliseconds left, for poll(); never negative.
static int left_ms(int64_t deadline_ms)
{
        int64_t left = deadline_ms - deadline_now_ms();
        return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

// 0 once the descriptor is ready (or broken, which the next call reports), or -errno.
static int wait_for(int fd, short events, int64_t deadline_ms)
{
        for (;;) {
                struct pollfd p = {.fd = fd, .events = events};
                int r = poll(&p, 1, left_ms(deadline_ms));
                if (r > 0)
                        return 0;
                if (r == 0)
                        return -ETIMEDOUT;
                if (errno != EINTR)
                        return -errno;
        }
}

// With a full backlog connect() on a Unix socket fails with EAGAIN, and poll() cannot wait for a free slot.
static int connect_until(int fd, const struct sockaddr_un *address, int64_t deadline_ms)
{
        while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
                if (errno == EISCONN)
                        return 0;
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
                int left = left_ms(deadline_ms);
                if (left == 0)
                        return -ETIMEDOUT;
                (void)poll(NULL, 0, left < RETRY_MS ? left : RETRY_MS);
        }
        return 0;
}

int deadline_connect(const char *path, int64_t deadline_ms)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        size_t n = strlen(path);
        if (n >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, n);
        int fd = open_socket();
        if (fd < 0)
                return fd;
        int r = connect_until(fd, &address, deadline_ms);
        if (r < 0)
                (void)close(fd);
        return r < 0 ? r : fd;
}

int deadline_send(int fd, struct slice bytes, int64_t deadline_ms)
{
        while (bytes.n > 0) {
                ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
                if (n >= 0) {
                        bytes = slice_from(bytes, (size_t)n);
                        continue;
                }
                if (errno == EINTR)
                        continue;
                int r = errno == EAGAIN ? wait_for(fd, POLLOUT, deadline_ms) : -errno;
                if (r < 0)
                        return r;
        }
        return 0;
}

ssize_t deadline_receive(int fd, uint8_t *to, size_t size, int64_t deadline_ms)
{
        for (;;) { // wait first: an answer is hardly ever there at once
                int r = wait_for(fd, POLLIN, deadline_ms);
                if (r < 0)
                        return r;
                ssize_t n = recv(fd, to, size, 0);
                if (n >= 0)
                        return n;
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
        }
}
