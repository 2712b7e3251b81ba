// SPDX-License-Identifier: Apache-2.0
// systemd socket activation (sd_listen_fds(3)).
#ifndef SIDECAR_IO_ACTIVATION_H
#define SIDECAR_IO_ACTIVATION_H

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

enum { ACTIVATION_FIRST_FD = 3 }; // SD_LISTEN_FDS_START

// The number of descriptors passed: listening stream sockets, Unix or TCP, that are now close-on-exec and non-blocking.
// `listen_pid` and `listen_fds` are the values of LISTEN_PID and LISTEN_FDS (NULL: unset). -1 and *e.
MUST_CHECK int activation_take(const char *listen_pid, const char *listen_fds, struct error *e);

#endif
