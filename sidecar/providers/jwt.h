// SPDX-License-Identifier: Apache-2.0
// Claims of a JSON Web Token, unverified: for hints only, never for a decision.
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

// 0, or -1 when `token` has no payload that can be read, or -ENOMEM; *ret is then empty.
MUST_CHECK int jwt_read_claims(struct slice token, struct jwt_claims *ret);

#endif
