// SPDX-License-Identifier: Apache-2.0
// Who is not meant by an API for SDKs: browsers, and what others send through a proxy. SDKs send none of these headers.
#ifndef SIDECAR_SERVER_ORIGIN_CHECK_H
#define SIDECAR_SERVER_ORIGIN_CHECK_H

#include <stdbool.h>

struct exchange;

// False: the request has Origin, Referer, Sec-Fetch-… or X-Forwarded-For, and was answered with 403.
bool origin_check_admit(struct exchange *x);

#endif
