// SPDX-License-Identifier: Apache-2.0
// A connection to a Unix socket whose every step ends by one deadline. Non-blocking inside, blocking to the caller.
#ifndef CLIENTS_C_DEADLINE_H
#define CLIENTS_C_DEADLINE_H

#include "proto/mem/slice.h"

// Milliseconds of a clock that nobody sets.
int64_t deadline_now_ms(void);

// A connected descriptor, never one of the standard streams' numbers; or -errno: -ETIMEDOUT, -ENAMETOOLONG, or what
// connect() says.
int deadline_connect(const char *path, int64_t deadline_ms);

// Sends all of it. 0, or -errno.
int deadline_send(int fd, struct slice bytes, int64_t deadline_ms);

// Receives what is there, at least one byte. Its count, 0 at the end, or -errno.
ssize_t deadline_receive(int fd, uint8_t *to, size_t size, int64_t deadline_ms);

#endif
