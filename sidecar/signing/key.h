// SPDX-License-Identifier: Apache-2.0
// Signing keys, derived by four HMACs from secret, day, region and service, and kept ready for use. A key is as
// sensitive as its secret for that day, region and service: all of it lives in secret memory and OpenSSL's contexts
// and is wiped when it leaves.
#ifndef SIDECAR_SIGNING_KEY_H
#define SIDECAR_SIGNING_KEY_H

#include "proto/mem/slice.h"
#include "sidecar/signing/digest.h"

#define KEY_NAME_MAX 64 // longest region or service

struct key_cache;

struct key_scope {
        struct slice date; // "20260901"
        struct slice region;
        struct slice service;
};

// NULL: out of memory.
struct key_cache *key_cache_new(void);
void key_cache_free(struct key_cache *cache);

// The keyed HMAC of a secret in a scope (date of 8 bytes, region and service of 1 to KEY_NAME_MAX); borrowed until the
// next call. NULL when OpenSSL fails or memory runs out.
struct evp_mac_ctx_st *key_cache_get(struct key_cache *cache, struct digest *d, struct slice secret,
                                     const struct key_scope *scope);

// Forgets everything, wiped.
void key_cache_clear(struct key_cache *cache);

// How many keys are held, and how many it has derived so far.
size_t key_cache_count(const struct key_cache *cache);
unsigned long key_cache_derivations(const struct key_cache *cache);

// The bytes of a signing key. 0, or -1 when OpenSSL fails.
int key_derive(struct digest *d, struct slice secret, const struct key_scope *scope, uint8_t out[DIGEST_SIZE]);

#endif
