// SPDX-License-Identifier: Apache-2.0
// A connection to a Unix socket, each step of which ends by a deadline. Non-blocking inside, blocking for the caller.
#ifndef CLIENTS_C_DEADLINE_H
#define CLIENTS_C_DEADLINE_H

#include <sys/types.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

// Milliseconds of the monotonic clock.
int64_t deadline_now_ms(void);

// Returns a connected descriptor above those of the standard streams, or -errno: -ETIMEDOUT, -ENAMETOOLONG, or that of
// connect().
MUST_CHECK int deadline_connect(const char *path, int64_t deadline_ms);

// Sends all bytes. 0, or -errno.
MUST_CHECK int deadline_send(int fd, struct slice bytes, int64_t deadline_ms);

// Receives at least one byte. Returns the count, 0 at the end of the stream, or -errno.
MUST_CHECK ssize_t deadline_receive(int fd, uint8_t *to, size_t size, int64_t deadline_ms);

#endif
