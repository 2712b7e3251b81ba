// SPDX-License-Identifier: Apache-2.0
// TCP listeners of the server under test, and clients of them.
#ifndef TESTS_UNIT_SERVER_TCP_H
#define TESTS_UNIT_SERVER_TCP_H

#include "sidecar/io/tcp_listen.h"
#include "tests/unit/server/fixture.h"

// Listens on any port of `host` ("127.0.0.1", "[::1]"); *ret_address is where.
static inline void tcp_serve(struct fixture *f, const char *host, const struct server_listener *served,
                             struct inet_address *ret_address)
{
        char text[INET_ADDRESS_SIZE];
        struct error e = {0};
        (void)snprintf(text, sizeof(text), "%s:0", host);
        assert_int_equal(inet_address_parse(slice_str(text), ret_address), 0);
        int fd = tcp_listen_open(ret_address, &e);
        if (fd < 0)
                fail_msg("%s", e.message);
        assert_int_equal(inet_address_of_socket(fd, ret_address), 0);
        assert_int_equal(server_listen(f->server, fd, served, &e), 0);
}

static inline struct client tcp_client(struct fixture *f, const struct inet_address *to)
{
        int fd = socket(to->socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, &to->socket.any, inet_address_size(to)), 0);
        return client_of(f, fd);
}

#endif
