// SPDX-License-Identifier: Apache-2.0
// DPoP (RFC 9449): the proof that whoever sends a request has the private key that a token was bound to.
#ifndef SIDECAR_SIGNING_DPOP_H
#define SIDECAR_SIGNING_DPOP_H

#include <stdint.h>

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

struct dpop_request {
        const char *method, *url; // the URL whole, but for query and fragment
        int64_t time_s;
};

// Whether `pem` is a private key that proofs can be made with: an elliptic curve's, P-256, not encrypted. NULL; or a
// static text that says what is wrong.
const char *dpop_judge_key(struct slice pem);

// Appends a proof for one request, a JWT: no other has its ID. 0, or -1 with *what, a static text: the key cannot be
// used, or OpenSSL or memory failed.
MUST_CHECK int dpop_prove(struct slice pem, const struct dpop_request *request, struct buffer *out, const char **what);

#endif
