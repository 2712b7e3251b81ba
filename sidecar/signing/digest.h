// SPDX-License-Identifier: Apache-2.0
// SHA-256 and HMAC-SHA-256 with the algorithms fetched once: OpenSSL 3's implicit fetching costs more than the hash.
#ifndef SIDECAR_SIGNING_DIGEST_H
#define SIDECAR_SIGNING_DIGEST_H

#include "proto/mem/slice.h"

#define DIGEST_SIZE 32
#define DIGEST_HEX_SIZE 64

struct digest; // opaque: fetched algorithms and contexts

// NULL: OpenSSL could not provide SHA-256 or HMAC.
struct digest *digest_new(void);
void digest_free(struct digest *d);

// 0, or -1 when OpenSSL fails.
int digest_sha256(struct digest *d, struct slice bytes, uint8_t out[DIGEST_SIZE]);
int digest_hmac(struct digest *d, struct slice key, struct slice bytes, uint8_t out[DIGEST_SIZE]);

// HMAC-SHA-256 with its key already taken in (OpenSSL's EVP_MAC_CTX): signing again costs the hashing alone. NULL when
// OpenSSL fails. Freeing wipes the key.
struct evp_mac_ctx_st;
struct evp_mac_ctx_st *digest_keyed_new(struct digest *d, const uint8_t key[DIGEST_SIZE]);
void digest_keyed_free(struct evp_mac_ctx_st *keyed);
int digest_keyed_hmac(struct evp_mac_ctx_st *keyed, struct slice bytes, uint8_t out[DIGEST_SIZE]);

#endif
