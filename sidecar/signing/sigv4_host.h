// SPDX-License-Identifier: Apache-2.0
// The host of a URL as clients put it into the Host header. curl, browsers and most libraries
// write names in lower case and addresses in their shortest form, and leave out the default port.
#ifndef SIDECAR_SIGNING_SIGV4_HOST_H
#define SIDECAR_SIGNING_SIGV4_HOST_H

#include "proto/mem/must_check.h"
#include "sidecar/signing/sigv4.h"

enum sigv4_host_fault { SIGV4_HOST_OK, SIGV4_HOST_USER, SIGV4_HOST_PORT, SIGV4_HOST_INVALID };

// Writes the Host header for `authority`, "host[:port]"; *ret_n is its length. Hosts that do not fit into `out` are
// SIGV4_HOST_INVALID.
MUST_CHECK enum sigv4_host_fault sigv4_host_write(struct slice authority, uint64_t default_port,
                                                  char out[SIGV4_HOST_MAX], size_t *ret_n);

#endif
