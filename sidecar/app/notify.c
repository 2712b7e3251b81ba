// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify_send(const char *socket_path, const char *state)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        if (!socket_path || (socket_path[0] != '/' && socket_path[0] != '@'))
                return;
        size_t length = strlen(socket_path);
        if (length >= sizeof(address.sun_path))
                return;
        memcpy(address.sun_path, socket_path, length);
        if (address.sun_path[0] == '@') // an abstract name
                address.sun_path[0] = '\0';
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return;
        (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
        close(fd);
}

void notify_reloading(const char *socket_path, uint64_t monotonic_us)
{
        char state[64];
        (void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, monotonic_us);
        notify_send(socket_path, state);
}
