// SPDX-License-Identifier: Apache-2.0
// The service manager's notification protocol, sd_notify(3): one datagram to $NOTIFY_SOCKET. Nothing here waits: what
// does not fit into its socket is sent a little later. Loop thread only.
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
        struct delay *again; // NULL: nothing is pending
        uint64_t reloading_us;
        bool is_reloading_pending, is_ready_pending;
};

// `socket_path` is the value of NOTIFY_SOCKET, and must stay (NULL: nothing is ever sent). Other failures
// than a full socket are ignored.
void notify_init(struct notify *n, struct uv_loop_s *loop, const char *socket_path);

// "READY=1": at the start, and at the end of a reload.
void notify_ready(struct notify *n);

// "RELOADING=1", with the time that units of type notify-reload ask for: the monotonic clock's microseconds. A READY=1
// that is still pending is dropped: another one follows the reload.
void notify_reloading(struct notify *n, uint64_t monotonic_us);

// "STOPPING=1", if it fits. Nothing is pending any more. Before the loop ends.
void notify_stopping(struct notify *n);

#endif
