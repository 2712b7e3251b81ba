// SPDX-License-Identifier: Apache-2.0
// SHA-256 and HMAC-SHA-256 with the algorithms fetched once: OpenSSL 3's implicit fetching costs more than the hash.
#ifndef SIDECAR_SIGNING_DIGEST_H
#define SIDECAR_SIGNING_DIGEST_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

#define DIGEST_SIZE 32
#define DIGEST_HEX_SIZE 64

struct digest; // opaque: the fetched algorithm and contexts

// NULL: OpenSSL could not provide SHA-256, or out of memory.
MUST_CHECK struct digest *digest_new(void);
void digest_free(struct digest *d);

// 0, or -1 when OpenSSL fails.
MUST_CHECK int digest_sha256(struct digest *d, struct slice bytes, uint8_t out[DIGEST_SIZE]);

// Leaves neither the key nor the result in OpenSSL's memory, for the result may be a key too.
MUST_CHECK int digest_hmac(struct digest *d, struct slice key, struct slice bytes, uint8_t out[DIGEST_SIZE]);

// HMAC-SHA-256 with its key already taken in: using it again costs little more than the hashing. NULL when OpenSSL
// fails. Freeing wipes the key.
struct digest_key;
MUST_CHECK struct digest_key *digest_key_new(struct digest *d, struct slice key);
void digest_key_free(struct digest_key *key);
MUST_CHECK int digest_key_hmac(struct digest *d, const struct digest_key *key, struct slice bytes,
                               uint8_t out[DIGEST_SIZE]);

#endif
