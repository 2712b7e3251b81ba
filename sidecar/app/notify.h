// SPDX-License-Identifier: Apache-2.0
// The service manager's notification protocol, sd_notify(3): one datagram to $NOTIFY_SOCKET. Nothing here waits: what
// its socket has no room for is owed, and told a little later. Loop thread only.
#ifndef SIDECAR_APP_NOTIFY_H
#define SIDECAR_APP_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct delay;
struct uv_loop_s;

// Part of its owner's memory; the members are its own.
struct notify {
        struct uv_loop_s *loop;
        const char *socket_path;
        struct delay *again; // NULL: nothing is owed
        uint64_t reloading_us;
        bool owes_reloading, owes_ready;
};

// `socket_path` is the value of NOTIFY_SOCKET, and must stay (NULL: nobody listens, nothing ever happens). Failures but
// for want of room are ignored, as there is nobody to tell.
void notify_init(struct notify *n, struct uv_loop_s *loop, const char *socket_path);

// "READY=1": at the start, and at the end of a reload.
void notify_ready(struct notify *n);

// "RELOADING=1", with the time that units of type notify-reload ask for: the monotonic clock's microseconds. A READY=1
// that is still owed is not told: another one follows the reload.
void notify_reloading(struct notify *n, uint64_t monotonic_us);

// "STOPPING=1", if there is room. Nothing is owed any more. Before the loop ends.
void notify_stopping(struct notify *n);

#endif
