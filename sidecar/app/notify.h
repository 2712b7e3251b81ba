// SPDX-License-Identifier: Apache-2.0
// The service manager's notification protocol, sd_notify(3): one datagram to $NOTIFY_SOCKET.
#ifndef SIDECAR_APP_NOTIFY_H
#define SIDECAR_APP_NOTIFY_H

#include <stdint.h>

// `socket_path` is the value of NOTIFY_SOCKET (NULL: nobody listens, nothing happens). `state` such as "READY=1".
// Failures are ignored, as there is nobody to tell.
void notify_send(const char *socket_path, const char *state);

// "RELOADING=1", with the time that units of type notify-reload ask for: the monotonic clock's microseconds.
void notify_reloading(const char *socket_path, uint64_t monotonic_us);

#endif
