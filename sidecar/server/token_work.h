// SPDX-License-Identifier: Apache-2.0
// A request for a token, as the request to presign that it is.
#ifndef SIDECAR_SERVER_TOKEN_WORK_H
#define SIDECAR_SERVER_TOKEN_WORK_H

#include "proto/mem/must_check.h"
#include "sidecar/server/sign_work.h"

#define TOKEN_WORK_PATH "/tokens/" // … and the kind: what follows the profile in the path

enum { TOKEN_WORK_BODY_MAX = 16 * 1024 };

// Reads query, kind and body of the exchange, and decides as sign_work_begin() does. 0, or -1: answered.
MUST_CHECK int token_work_begin(struct exchange *x, struct sign_work *w);

#endif
