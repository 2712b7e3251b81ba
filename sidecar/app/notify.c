// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sidecar/io/delay.h"

enum { AGAIN_MS = 100 };

// False: the queue of the service manager is full.
static bool send_state(const char *socket_path, const char *state)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        if (!socket_path || (socket_path[0] != '/' && socket_path[0] != '@'))
                return true;
        size_t length = strlen(socket_path);
        if (length >= sizeof(address.sun_path))
                return true;
        memcpy(address.sun_path, socket_path, length);
        if (address.sun_path[0] == '@') // an abstract name
                address.sun_path[0] = '\0';
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return true;
        ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
        bool has_space = sent >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS);
        close(fd);
        return has_space;
}

static void settle(void *arg)
{
        struct notify *n = arg;
        char state[64];
        n->again = NULL;
        if (n->is_reloading_pending) {
                (void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, n->reloading_us);
                n->is_reloading_pending = !send_state(n->socket_path, state);
        }
        if (n->is_ready_pending && !n->is_reloading_pending)
                n->is_ready_pending = !send_state(n->socket_path, "READY=1");
        if (n->is_reloading_pending || n->is_ready_pending)
                n->again = delay_start(n->loop, AGAIN_MS, settle, n); // without memory, at the next occasion
}

void notify_init(struct notify *n, struct uv_loop_s *loop, const char *socket_path)
{
        *n = (struct notify){.loop = loop, .socket_path = socket_path};
}

// What is pending goes first.
static void send_or_wait(struct notify *n)
{
        if (!n->again)
                settle(n);
}

void notify_ready(struct notify *n)
{
        n->is_ready_pending = true;
        send_or_wait(n);
}

void notify_reloading(struct notify *n, uint64_t monotonic_us)
{
        n->is_ready_pending = false;
        n->is_reloading_pending = true;
        n->reloading_us = monotonic_us;
        send_or_wait(n);
}

void notify_stopping(struct notify *n)
{
        delay_cancel(n->again);
        *n = (struct notify){.loop = n->loop, .socket_path = n->socket_path};
        (void)send_state(n->socket_path, "STOPPING=1");
}
