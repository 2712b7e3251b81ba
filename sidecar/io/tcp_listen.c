// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/tcp_listen.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

// To 1.
static int set(int fd, int level, int option)
{
        const int on = 1;
        return setsockopt(fd, level, option, &on, sizeof(on));
}

int tcp_listen_configure(int fd, struct error *e)
{
        // Accepted sockets inherit it: answers are written in one piece.
        if (set(fd, IPPROTO_TCP, TCP_NODELAY) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "set TCP_NODELAY on a listening socket");
        return 0;
}

int tcp_listen_limit_hops(int fd, struct error *e)
{
        struct inet_address own;
        bool is_known = inet_address_of_socket(fd, &own) == 0;
        bool is_v6 = is_known && own.socket.any.sa_family == AF_INET6;
        int r = is_v6 ? set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS) : is_known ? set(fd, IPPROTO_IP, IP_TTL) : -1;
        return r < 0 ? error_set_errno(e, ERROR_INTERNAL, "set the hop limit of a listening socket") : 0;
}

static int bind_and_listen(int fd, const struct inet_address *a, struct error *e)
{
        bool is_v6 = a->socket.any.sa_family == AF_INET6;
        char text[INET_ADDRESS_SIZE];
        inet_address_write(a, text);
        if (set(fd, SOL_SOCKET, SO_REUSEADDR) < 0 || (is_v6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0))
                return error_set_errno(e, ERROR_INTERNAL, "prepare a socket for %s", text);
        if (tcp_listen_configure(fd, e) < 0)
                return -1;
        if (bind(fd, &a->socket.any, inet_address_size(a)) == 0 && listen(fd, SOMAXCONN) == 0)
                return 0;
        int number = errno;
        error_set_errno(e, ERROR_CONFIG, "listen on %s", text);
        if (number == EADDRINUSE)
                return error_hint(e, "end the program that listens there, or set another port; 0 takes any");
        if (number == EADDRNOTAVAIL)
                return error_hint(e, "set an address that this host has");
        if (number == EACCES)
                return error_hint(e, "set a port above 1023, or grant CAP_NET_BIND_SERVICE");
        return -1;
}

int tcp_listen_open(const struct inet_address *address, struct error *e)
{
        int fd = socket(address->socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0) {
                error_set_errno(e, errno == EAFNOSUPPORT ? ERROR_CONFIG : ERROR_INTERNAL, "make a TCP socket");
                return error_hint(e, "if the kernel has no IPv6, listen on 127.0.0.1");
        }
        if (bind_and_listen(fd, address, e) == 0)
                return fd;
        (void)close(fd);
        return -1;
}
