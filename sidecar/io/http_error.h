// SPDX-License-Identifier: Apache-2.0
// Messages for failed requests to an upstream: the phase, the host and port, and what to do.
#ifndef SIDECAR_IO_HTTP_ERROR_H
#define SIDECAR_IO_HTTP_ERROR_H

#include "sidecar/io/http_transfer.h"

// libcurl gave up with `rc` (not CURLE_OK).
void http_error_from_curl(const struct http_transfer *transfer, CURLcode rc, struct error *e);

// We gave up: `timeout_ms` have passed since the start or, with `is_silence`, without progress.
void http_error_timed_out(const struct http_transfer *transfer, int64_t timeout_ms, bool is_silence, struct error *e);

#endif
