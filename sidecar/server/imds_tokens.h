// SPDX-License-Identifier: Apache-2.0
// The session tokens of IMDSv2: bounded in number and lifetime, each good only for the uid that asked for it. The uids
// share the places as in user.h: one may have no more than stay free after it, and then its own oldest token goes.
#ifndef SIDECAR_SERVER_IMDS_TOKENS_H
#define SIDECAR_SERVER_IMDS_TOKENS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

struct imds_tokens; // opaque

enum {
        IMDS_TOKENS_MAX = 512,
        // Place, random bits, NUL; hexadecimal digits. As long as EC2's: aws-c-auth has room for no more than 64
        // characters.
        IMDS_TOKEN_SIZE = 4 + 52 + 1,
};

MUST_CHECK struct imds_tokens *imds_tokens_new(void); // NULL: out of memory
void imds_tokens_free(struct imds_tokens *t);         // wipes; NULL is fine

// A new token that is good until `ends_ms` of the clock that `now_ms` is of. 0, or -1: every place is taken by others,
// or the system has no random bits.
MUST_CHECK int imds_tokens_issue(struct imds_tokens *t, uid_t uid, int64_t now_ms, int64_t ends_ms,
                                 char out[IMDS_TOKEN_SIZE]);

// Whether the token was issued to that uid, and is good now. The random part is compared in constant time.
bool imds_tokens_check(const struct imds_tokens *t, uid_t uid, int64_t now_ms, struct slice token);

#endif
