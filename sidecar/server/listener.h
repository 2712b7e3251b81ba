// SPDX-License-Identifier: Apache-2.0
// One listening socket and what is served on it: accepts, asks the kernel who connected, charges the uid. TCP peers
// that the kernel does not know, such as those of other hosts, share one account.
#ifndef SIDECAR_SERVER_LISTENER_H
#define SIDECAR_SERVER_LISTENER_H

#include <uv.h>

#include "proto/mem/must_check.h"
#include "proto/wire/limits.h"
#include "sidecar/base/error.h"
#include "sidecar/base/inet_address.h"
#include "sidecar/server/server.h"

struct api;
struct buffer;
struct peer;
struct request_counts;
struct server;

struct listener {
        uv_poll_t poll;
        uv_timer_t rearm;
        int fd;
        unsigned open;     // handles
        bool has_reported; // of a failure, since the last success
        bool any_time;     // signs for times that are far from the clock's
        struct server *server;
        struct listener *next;
        char own_host[INET_ADDRESS_SIZE];     // of TCP: what most clients send as Host; else empty
        struct inet_address address;          // AF_UNSPEC: a Unix socket
        char path[LIMIT_UNIX_PATH + 1];       // … whose path this is; empty: not known
        char profile[LIMIT_PROFILE_NAME + 1]; // empty: none
        const struct secret *token;           // of api_container.c; NULL: there is none
        size_t apis_count;
        const struct api *apis[SERVER_LISTENER_APIS_MAX];
        struct request_counts *counts[SERVER_LISTENER_APIS_MAX];
};

// Takes over `fd`, also on failure. The listener joins the server's list. 0, or -1 with *e.
MUST_CHECK int listener_open(struct server *s, int fd, const struct server_listener *options, struct error *e);

static inline bool listener_is_tcp(const struct listener *l)
{
        return l->address.socket.any.sa_family != AF_UNSPEC;
}

// Appends an object that describes it to a list.
void listener_write_json(const struct listener *l, struct buffer *out);

// Accepts no more. The listeners themselves stay, as connections refer to them.
void listener_close_all(struct server *s);
void listener_free_all(struct server *s);

#endif
