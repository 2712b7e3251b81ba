// SPDX-License-Identifier: Apache-2.0
// JSON Web Tokens, unverified: whether something looks like one, and its claims, for hints only.
#ifndef SIDECAR_PROVIDERS_JWT_H
#define SIDECAR_PROVIDERS_JWT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

struct jwt_claims {
        bool has_expiry;
        int64_t expires_s;
        char audience[96], issuer[96], subject[128]; // cut to size; empty: absent
};

// Whether `token` has the shape of a signed JWT (RFC 7515, section 7.1): three parts in base64url with dots between
// them, none of them empty, of which the first is a JSON object. 0: it has; -1: it has not; -ENOMEM.
MUST_CHECK int jwt_check_shape(struct slice token);

// 0, or -1 when `token` has no payload that can be read, or -ENOMEM; *ret is then empty.
MUST_CHECK int jwt_read_claims(struct slice token, struct jwt_claims *ret);

#endif
