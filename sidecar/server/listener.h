// SPDX-License-Identifier: Apache-2.0
// One listening socket: accepts, asks the kernel who connected, and hands both on.
#ifndef SIDECAR_SERVER_LISTENER_H
#define SIDECAR_SERVER_LISTENER_H

#include "sidecar/base/error.h"

struct server;

// Takes over `fd`, also on failure. The listener joins the server's list. 0, or -1 with *e.
int listener_open(struct server *s, int fd, struct error *e);

// Closes all of them.
void listener_close_all(struct server *s);

#endif
