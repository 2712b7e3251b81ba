// SPDX-License-Identifier: Apache-2.0
// Signing keys, derived by four HMACs from secret, day, region and service, and cached. A key is as sensitive as its
// secret for that day, region and service: it is kept in OpenSSL's contexts and wiped with the credentials that it was
// derived from, or when the cache needs its place.
#ifndef SIDECAR_SIGNING_KEY_H
#define SIDECAR_SIGNING_KEY_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "sidecar/base/error.h"
#include "sidecar/signing/digest.h"

#define KEY_NAME_MAX 64    // longest region or service
#define KEY_CACHE_SIZE 256 // keys

struct credentials;
struct key_cache;

struct key_scope {
        struct slice date; // "20260901"
        struct slice region;
        struct slice service;
};

// NULL: out of memory.
MUST_CHECK struct key_cache *key_cache_new(void);
void key_cache_free(struct key_cache *cache);

#define KEY_SCOPE_END "/aws4_request"
#define KEY_SCOPE_MAX (8 + 1 + KEY_NAME_MAX + 1 + KEY_NAME_MAX + sizeof(KEY_SCOPE_END))

// Writes "20260901/us-east-1/bedrock/aws4_request".
uint8_t *key_scope_put(uint8_t *p, const struct key_scope *scope);

// Whether a service can be in a scope. 0, or -1 with *e.
MUST_CHECK int key_service_check(struct slice service, struct error *e);

struct signing_key {
        const struct digest_key *hmac;
        struct slice scope; // as key_scope_put() writes it
};

// Whether region and service can be in a scope: letters, digits, "-", "." and "_". 0, or -1 with *e.
MUST_CHECK int key_scope_check(const struct key_scope *scope, struct error *e);

// The signing key of credentials in a scope (date of 8 bytes). *ret is borrowed until the next call or until the
// credentials are freed. 0, or -1 with *e: invalid scope (key_scope_check()), OpenSSL failed, or out of memory.
MUST_CHECK int key_cache_get(struct key_cache *cache, struct digest *d, struct credentials *c,
                             const struct key_scope *scope, struct signing_key *ret, struct error *e);

// The bytes of a signing key. 0, or -1 when OpenSSL fails.
MUST_CHECK int key_derive(struct digest *d, struct slice secret, const struct key_scope *scope,
                          uint8_t out[DIGEST_SIZE]);

#endif
