// SPDX-License-Identifier: Apache-2.0
// Owns the fetched algorithms and one context of each. Contexts are set up once: every call after that only restarts
// them, which allocates nothing.
#include "sidecar/signing/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

struct digest {
        EVP_MD *sha256;
        EVP_MD_CTX *hashing;
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
        d->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        d->mac = d->hmac ? mac_context_new(d->hmac) : NULL;
        if (!d->sha256 || !d->hashing || !d->mac || !EVP_DigestInit_ex2(d->hashing, d->sha256, NULL)) {
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

static int mac_finish(EVP_MAC_CTX *context, struct slice bytes, uint8_t out[DIGEST_SIZE])
{
        size_t size = 0;
        if (!EVP_MAC_update(context, bytes.p, bytes.n) || !EVP_MAC_final(context, out, &size, DIGEST_SIZE) ||
            size != DIGEST_SIZE)
                return -1;
        return 0;
}

int digest_hmac(struct digest *d, struct slice key, struct slice bytes, uint8_t out[DIGEST_SIZE])
{
        // A NULL key would mean "the key of the last call".
        if (!EVP_MAC_init(d->mac, key.n ? key.p : (const uint8_t *)"", key.n, NULL))
                return -1;
        return mac_finish(d->mac, bytes, out);
}

struct evp_mac_ctx_st *digest_keyed_new(struct digest *d, const uint8_t key[DIGEST_SIZE])
{
        EVP_MAC_CTX *keyed = mac_context_new(d->hmac);
        if (keyed && !EVP_MAC_init(keyed, key, DIGEST_SIZE, NULL)) {
                EVP_MAC_CTX_free(keyed);
                return NULL;
        }
        return keyed;
}

void digest_keyed_free(struct evp_mac_ctx_st *keyed)
{
        EVP_MAC_CTX_free(keyed);
}

int digest_keyed_hmac(struct evp_mac_ctx_st *keyed, struct slice bytes, uint8_t out[DIGEST_SIZE])
{
        if (!EVP_MAC_init(keyed, NULL, 0, NULL))
                return -1;
        return mac_finish(keyed, bytes, out);
}
