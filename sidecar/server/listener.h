// SPDX-License-Identifier: Apache-2.0
// One listening socket and what is served on it: accepts, asks the kernel who connected, charges the uid.
#ifndef SIDECAR_SERVER_LISTENER_H
#define SIDECAR_SERVER_LISTENER_H

#include <uv.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct api;
struct request_counts;
struct server;

enum { LISTENER_APIS_MAX = 4 };

struct listener {
        uv_poll_t poll;
        uv_timer_t rearm;
        int fd;
        unsigned open;     // handles
        bool has_reported; // of a failure, since the last success
        bool any_time;     // signs for times that are far from the clock's
        struct server *server;
        struct listener *next;
        size_t apis_count; // at least one, whose errors answer what is no request
        const struct api *apis[LISTENER_APIS_MAX];
        struct request_counts *counts[LISTENER_APIS_MAX];
};

// Takes over `fd`, also on failure. The listener joins the server's list. 0, or -1 with *e.
MUST_CHECK int listener_open(struct server *s, int fd, const struct api *const *apis, size_t apis_count, bool any_time,
                             struct error *e);

// Accepts no more. The listeners themselves stay, as connections refer to them.
void listener_close_all(struct server *s);
void listener_free_all(struct server *s);

#endif
