// SPDX-License-Identifier: Apache-2.0
// Listening TCP sockets, and which local user is at the other end of a connection.
#ifndef SIDECAR_IO_TCP_LISTEN_H
#define SIDECAR_IO_TCP_LISTEN_H

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"
#include "sidecar/base/inet_address.h"
#include "sidecar/io/unix_listen.h"

// Binds and listens; port 0 takes any that is free (inet_address_of_socket() tells which). An IPv6 socket takes no
// IPv4. Returns the descriptor (close-on-exec, non-blocking), or -1 with *e (ERROR_CONFIG: the address is taken, not
// this host's, or not permitted).
MUST_CHECK int tcp_listen_open(const struct inet_address *address, struct error *e);

// What every listening socket needs, also one that the service manager has made. 0, or -1 with *e.
MUST_CHECK int tcp_listen_configure(int fd, struct error *e);

// Lets answers to its connections go no further than the next host, as those of the instance metadata service: the hop
// limit is 1. 0, or -1 with *e.
MUST_CHECK int tcp_listen_limit_hops(int fd, struct error *e);

// Who connected, as far as the kernel knows: the user that made the socket at the other end, if that is in the same
// network namespace, else PEER_UNKNOWN; group and process are never known. -1: nobody is connected any more.
MUST_CHECK int tcp_peer(int fd, struct peer *ret);

#endif
