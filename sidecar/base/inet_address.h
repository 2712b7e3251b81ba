// SPDX-License-Identifier: Apache-2.0
// An IPv4 or IPv6 address with a port.
#ifndef SIDECAR_BASE_INET_ADDRESS_H
#define SIDECAR_BASE_INET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

struct inet_address {
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
        } socket; // sa_family AF_UNSPEC: not set
};

enum { INET_ADDRESS_SIZE = 56 }; // of "[IPv6]:port" and a NUL

// Reads "127.0.0.1:9911" or "[::1]:9911": numbers only, no names, no zones. 0, or -1.
MUST_CHECK int inet_address_parse(struct slice text, struct inet_address *ret);

// Reads "127.0.0.1" or "[::1]", as hosts are written in URLs; the port is 0. 0, or -1.
MUST_CHECK int inet_address_parse_host(struct slice text, struct inet_address *ret);

// What a socket is bound to. 0, or -1: it is not of the internet families.
MUST_CHECK int inet_address_of_socket(int fd, struct inet_address *ret);

socklen_t inet_address_size(const struct inet_address *a); // of what `socket` holds
uint16_t inet_address_port(const struct inet_address *a);
bool inet_address_is_loopback(const struct inet_address *a); // 127.0.0.0/8, ::1
bool inet_address_is_any(const struct inet_address *a);      // 0.0.0.0, ::
bool inet_address_has_same_host(const struct inet_address *a, const struct inet_address *b);
void inet_address_write(const struct inet_address *a, char out[INET_ADDRESS_SIZE]); // as it is parsed

#endif
