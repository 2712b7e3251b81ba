// SPDX-License-Identifier: Apache-2.0
// DPoP (RFC 9449): proves that the sender of a request has the private key that a token is bound to.
#ifndef SIDECAR_SIGNING_DPOP_H
#define SIDECAR_SIGNING_DPOP_H

#include <stdint.h>

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

struct dpop_request {
        const char *method, *url; // the URL without query and fragment
        int64_t time_s;
};

// Checks that `pem` is a private key for DPoP proofs: EC P-256, not encrypted. Returns NULL, or the fault (static
// text).
const char *dpop_judge_key(struct slice pem);

// Appends a proof for one request: a JWT with an ID of its own. 0, or -1 with *what, a static text: the key cannot be
// used, OpenSSL failed, or out of memory.
MUST_CHECK int dpop_prove(struct slice pem, const struct dpop_request *request, struct buffer *out, const char **what);

#endif
