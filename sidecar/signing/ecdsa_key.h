// SPDX-License-Identifier: Apache-2.0
// The keys of SigV4A: ECDSA on P-256, derived from an access key ID and its secret alone (AWS IAM User Guide,
// "SigV4A"), so good for every day, region and service. A derived key is as sensitive as the secret: it is held by
// OpenSSL, and wiped with the credentials that it comes from, or when another takes its place.
#ifndef SIDECAR_SIGNING_ECDSA_KEY_H
#define SIDECAR_SIGNING_ECDSA_KEY_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "sidecar/base/error.h"
#include "sidecar/signing/digest.h"

enum { ECDSA_CACHE_SIZE = 64, ECDSA_HEX_MAX = 144 }; // keys that are held at once; hex digits of a signature in DER

struct credentials;
struct ecdsa_cache;
struct evp_pkey_st;

// NULL: out of memory.
MUST_CHECK struct ecdsa_cache *ecdsa_cache_new(void);
void ecdsa_cache_free(struct ecdsa_cache *cache);

// The key of credentials, borrowed until the next call or the end of the credentials. NULL with *e.
MUST_CHECK struct evp_pkey_st *ecdsa_cache_get(struct ecdsa_cache *cache, struct digest *d, struct credentials *c,
                                               struct error *e);

// The private key as a number of 32 bytes. 0, or -1 when OpenSSL fails.
MUST_CHECK int ecdsa_key_derive(struct digest *d, struct slice access_key_id, struct slice secret,
                                uint8_t out[DIGEST_SIZE]);

// The private key of a candidate: candidate + 1, if that is below the order of the curve. Takes the same time for all
// candidates. Whether it is.
MUST_CHECK bool ecdsa_key_from_candidate(const uint8_t candidate[DIGEST_SIZE], uint8_t out[DIGEST_SIZE]);

// Signs SHA-256 of `text`; *ret_n hex digits of the signature in DER. Other digits each time. 0, or -1.
MUST_CHECK int ecdsa_sign(struct evp_pkey_st *key, struct slice text, char out[ECDSA_HEX_MAX], size_t *ret_n);

#endif
