// SPDX-License-Identifier: Apache-2.0
// Owns the fetched algorithms and contexts of each. Contexts are set up once; every call after that only restarts them.
#include "sidecar/signing/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

struct digest {
        EVP_MD *sha256;
        EVP_MD_CTX *hashing;
        EVP_MD_CTX *keyed; // works on copies of a key's states
        EVP_MAC *hmac;
        EVP_MAC_CTX *mac;
};

// A MAC context that knows its digest but no key yet.
static EVP_MAC_CTX *mac_context_new(EVP_MAC *hmac)
{
        char name[] = "SHA256"; // OSSL_PARAM takes no const text
        OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                               OSSL_PARAM_construct_end()};
        EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
        if (context && !EVP_MAC_CTX_set_params(context, params)) {
                EVP_MAC_CTX_free(context);
                return NULL;
        }
        return context;
}

struct digest *digest_new(void)
{
        struct digest *d = calloc(1, sizeof(*d));
        if (!d)
                return NULL;
        d->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        d->hashing = EVP_MD_CTX_new();
        d->keyed = EVP_MD_CTX_new();
        d->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        d->mac = d->hmac ? mac_context_new(d->hmac) : NULL;
        if (!d->sha256 || !d->hashing || !d->keyed || !d->mac || !EVP_DigestInit_ex2(d->hashing, d->sha256, NULL)) {
                digest_free(d);
                return NULL;
        }
        return d;
}

void digest_free(struct digest *d)
{
        if (!d)
                return;
        EVP_MAC_CTX_free(d->mac);
        EVP_MAC_free(d->hmac);
        EVP_MD_CTX_free(d->keyed);
        EVP_MD_CTX_free(d->hashing);
        EVP_MD_free(d->sha256);
        free(d);
}

int digest_sha256(struct digest *d, struct slice bytes, uint8_t out[DIGEST_SIZE])
{
        unsigned size = 0;
        if (!EVP_DigestInit_ex2(d->hashing, NULL, NULL) || !EVP_DigestUpdate(d->hashing, bytes.p, bytes.n) ||
            !EVP_DigestFinal_ex(d->hashing, out, &size) || size != DIGEST_SIZE)
                return -1;
        return 0;
}

int digest_hmac(struct digest *d, struct slice key, struct slice bytes, uint8_t out[DIGEST_SIZE])
{
        size_t size = 0;
        // A NULL key would mean "the key of the last call".
        if (!EVP_MAC_init(d->mac, key.n ? key.p : (const uint8_t *)"", key.n, NULL) ||
            !EVP_MAC_update(d->mac, bytes.p, bytes.n) || !EVP_MAC_final(d->mac, out, &size, DIGEST_SIZE) ||
            size != DIGEST_SIZE)
                return -1;
        return 0;
}

// RFC 2104, section 4: the hash states behind the two padded keys, to be copied for each use. OpenSSL's MAC layer does
// the same and takes a fifth more time for it.
struct digest_key {
        EVP_MD_CTX *inner, *outer;
};

enum { BLOCK = 64 };

static EVP_MD_CTX *padded(const struct digest *d, const uint8_t key[DIGEST_SIZE], uint8_t pad)
{
        uint8_t block[BLOCK];
        memset(block, pad, sizeof(block));
        for (size_t i = 0; i < DIGEST_SIZE; i++)
                block[i] ^= key[i];
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        bool good =
            context && EVP_DigestInit_ex2(context, d->sha256, NULL) && EVP_DigestUpdate(context, block, sizeof(block));
        explicit_bzero(block, sizeof(block));
        if (good)
                return context;
        EVP_MD_CTX_free(context);
        return NULL;
}

struct digest_key *digest_key_new(struct digest *d, const uint8_t key[DIGEST_SIZE])
{
        struct digest_key *ret = calloc(1, sizeof(*ret));
        if (!ret)
                return NULL;
        ret->inner = padded(d, key, 0x36);
        ret->outer = padded(d, key, 0x5c);
        if (ret->inner && ret->outer)
                return ret;
        digest_key_free(ret);
        return NULL;
}

void digest_key_free(struct digest_key *key)
{
        if (!key)
                return;
        EVP_MD_CTX_free(key->inner);
        EVP_MD_CTX_free(key->outer);
        free(key);
}

static int finish(EVP_MD_CTX *work, const EVP_MD_CTX *state, struct slice bytes, uint8_t out[DIGEST_SIZE])
{
        unsigned size = 0;
        if (!EVP_MD_CTX_copy_ex(work, state) || !EVP_DigestUpdate(work, bytes.p, bytes.n) ||
            !EVP_DigestFinal_ex(work, out, &size) || size != DIGEST_SIZE)
                return -1;
        return 0;
}

int digest_key_hmac(struct digest *d, const struct digest_key *key, struct slice bytes, uint8_t out[DIGEST_SIZE])
{
        uint8_t hash[DIGEST_SIZE];
        if (finish(d->keyed, key->inner, bytes, hash) < 0)
                return -1;
        return finish(d->keyed, key->outer, slice_of(hash, sizeof(hash)), out);
}
