// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/activation.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/mem/text.h"

enum {
        ACTIVATED_MAX = 256 // more must be a mistake
};

static int socket_option(int fd, int name)
{
        int value = -1;
        socklen_t size = sizeof(value);
        return getsockopt(fd, SOL_SOCKET, name, &value, &size) < 0 ? -1 : value;
}

static int adopt(int fd, struct error *e)
{
        int domain = socket_option(fd, SO_DOMAIN);
        bool is_known = domain == AF_UNIX || domain == AF_INET || domain == AF_INET6;
        if (!is_known || socket_option(fd, SO_TYPE) != SOCK_STREAM || socket_option(fd, SO_ACCEPTCONN) != 1) {
                error_set(e, ERROR_CONFIG, "descriptor %d of the service manager is not a listening stream socket", fd);
                return error_hint(e, "the .socket unit needs ListenStream=");
        }
        int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "descriptor %d of the service manager", fd);
        return 0;
}

int activation_take(const char *listen_pid, const char *listen_fds, struct error *e)
{
        uint64_t pid = 0;
        uint64_t count = 0;
        if (!listen_pid || !listen_fds)
                return 0;
        if (text_parse_u64(slice_str(listen_pid), &pid) < 0)
                return error_set(e, ERROR_CONFIG, "LISTEN_PID=%s: not a number", listen_pid);
        if (pid != (uint64_t)getpid())
                return 0; // inherited: they were meant for another process
        if (text_parse_u64(slice_str(listen_fds), &count) < 0 || count > ACTIVATED_MAX)
                return error_set(e, ERROR_CONFIG, "LISTEN_FDS=%s: not a number from 0 to %d", listen_fds,
                                 (int)ACTIVATED_MAX);
        for (int i = 0; i < (int)count; i++)
                if (adopt(ACTIVATION_FIRST_FD + i, e) < 0)
                        return -1;
        return (int)count;
}
