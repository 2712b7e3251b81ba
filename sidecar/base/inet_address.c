// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/inet_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#include "proto/mem/text.h"

int inet_address_parse_host(struct slice text, struct inet_address *ret)
{
        char host[INET6_ADDRSTRLEN];
        struct inet_address a = {0};
        bool is_v6 = text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']';
        struct slice inner = is_v6 ? slice_of(text.p + 1, text.n - 2) : text;
        if (inner.n >= sizeof(host) || slice_find(inner, '\0') < inner.n)
                return -1;
        memcpy(host, inner.p, inner.n);
        host[inner.n] = '\0';
        a.socket.any.sa_family = is_v6 ? AF_INET6 : AF_INET;
        void *to = is_v6 ? (void *)&a.socket.v6.sin6_addr : &a.socket.v4.sin_addr;
        if (inner.n == 0 || inet_pton(a.socket.any.sa_family, host, to) != 1)
                return -1;
        *ret = a;
        return 0;
}

int inet_address_parse(struct slice text, struct inet_address *ret)
{
        uint64_t port = 0;
        size_t n = text.n;
        while (n > 0 && text.p[n - 1] != ':')
                n--;
        if (n == 0 || inet_address_parse_host(slice_head(text, n - 1), ret) < 0 ||
            text_parse_u64(slice_from(text, n), &port) < 0 || port > UINT16_MAX)
                return -1;
        if (ret->socket.any.sa_family == AF_INET6)
                ret->socket.v6.sin6_port = htons((uint16_t)port);
        else
                ret->socket.v4.sin_port = htons((uint16_t)port);
        return 0;
}

int inet_address_of_socket(int fd, struct inet_address *ret)
{
        socklen_t size = sizeof(ret->socket);
        *ret = (struct inet_address){0};
        if (getsockname(fd, &ret->socket.any, &size) == 0 &&
            (ret->socket.any.sa_family == AF_INET || ret->socket.any.sa_family == AF_INET6))
                return 0;
        *ret = (struct inet_address){0};
        return -1;
}

socklen_t inet_address_size(const struct inet_address *a)
{
        return a->socket.any.sa_family == AF_INET6 ? sizeof(a->socket.v6) : sizeof(a->socket.v4);
}

uint16_t inet_address_port(const struct inet_address *a)
{
        return ntohs(a->socket.any.sa_family == AF_INET6 ? a->socket.v6.sin6_port : a->socket.v4.sin_port);
}

bool inet_address_is_loopback(const struct inet_address *a)
{
        if (a->socket.any.sa_family == AF_INET6)
                return IN6_IS_ADDR_LOOPBACK(&a->socket.v6.sin6_addr);
        return a->socket.any.sa_family == AF_INET && ntohl(a->socket.v4.sin_addr.s_addr) >> 24 == 127;
}

bool inet_address_is_any(const struct inet_address *a)
{
        if (a->socket.any.sa_family == AF_INET6)
                return IN6_IS_ADDR_UNSPECIFIED(&a->socket.v6.sin6_addr);
        return a->socket.any.sa_family == AF_INET && a->socket.v4.sin_addr.s_addr == htonl(INADDR_ANY);
}

bool inet_address_has_same_host(const struct inet_address *a, const struct inet_address *b)
{
        if (a->socket.any.sa_family != b->socket.any.sa_family)
                return false;
        if (a->socket.any.sa_family == AF_INET6)
                return IN6_ARE_ADDR_EQUAL(&a->socket.v6.sin6_addr, &b->socket.v6.sin6_addr);
        return a->socket.v4.sin_addr.s_addr == b->socket.v4.sin_addr.s_addr;
}

void inet_address_write(const struct inet_address *a, char out[INET_ADDRESS_SIZE])
{
        char host[INET6_ADDRSTRLEN] = "";
        bool is_v6 = a->socket.any.sa_family == AF_INET6;
        const void *from = is_v6 ? (const void *)&a->socket.v6.sin6_addr : &a->socket.v4.sin_addr;
        (void)inet_ntop(is_v6 ? AF_INET6 : AF_INET, from, host, sizeof(host)); // always fits
        (void)snprintf(out, INET_ADDRESS_SIZE, is_v6 ? "[%s]:%u" : "%s:%u", host, (unsigned)inet_address_port(a));
}
