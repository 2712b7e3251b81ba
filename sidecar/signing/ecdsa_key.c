// SPDX-License-Identifier: Apache-2.0
// Owns the keys of SigV4A. Each hangs on its credentials, as in key.c.
#include "sidecar/signing/ecdsa_key.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "proto/mem/secret.h"
#include "proto/mem/text.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/put.h"

#define LABEL "AWS4-ECDSA-P256-SHA256"

enum { COUNTER_MAX = 254, DER_MAX = ECDSA_HEX_MAX / 2 };

struct key {
        struct credentials_derived derived; // first: dropping finds the key by it
        TAILQ_ENTRY(key) by_use;
        struct ecdsa_cache *cache;
        const struct credentials *credentials; // NULL: free
        EVP_PKEY *pkey;
};

struct ecdsa_cache {
        TAILQ_HEAD(key_list, key) by_use; // the last used first, free ones last
        struct key keys[ECDSA_CACHE_SIZE];
};

static void clear(struct key *key)
{
        credentials_detach(&key->derived);
        EVP_PKEY_free(key->pkey); // wipes it
        key->pkey = NULL;
        key->credentials = NULL;
}

static void drop(struct credentials_derived *derived)
{
        struct key *key = (struct key *)derived;
        clear(key);
        TAILQ_REMOVE(&key->cache->by_use, key, by_use);
        TAILQ_INSERT_TAIL(&key->cache->by_use, key, by_use);
}

struct ecdsa_cache *ecdsa_cache_new(void)
{
        struct ecdsa_cache *cache = calloc(1, sizeof(*cache));
        if (!cache)
                return NULL;
        TAILQ_INIT(&cache->by_use);
        for (size_t i = 0; i < ECDSA_CACHE_SIZE; i++) {
                cache->keys[i].cache = cache;
                cache->keys[i].derived.drop = drop;
                TAILQ_INSERT_TAIL(&cache->by_use, &cache->keys[i], by_use);
        }
        return cache;
}

void ecdsa_cache_free(struct ecdsa_cache *cache)
{
        for (size_t i = 0; cache && i < ECDSA_CACHE_SIZE; i++)
                clear(&cache->keys[i]);
        free(cache);
}

// --- derivation ---

bool ecdsa_key_from_candidate(const uint8_t candidate[DIGEST_SIZE], uint8_t out[DIGEST_SIZE])
{
        // The order of P-256 less 2 (NIST SP 800-186, 3.2.1.3).
        static const uint8_t largest[DIGEST_SIZE] = {
            0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
        };
        unsigned borrow = 0, carry = 1;
        for (size_t i = DIGEST_SIZE; i-- > 0;) {
                borrow = ((unsigned)largest[i] - candidate[i] - borrow) >> 8 & 1;
                carry += candidate[i];
                out[i] = (uint8_t)carry;
                carry >>= 8;
        }
        return borrow == 0;
}

// SP 800-108 in counter mode, of one block; the candidate's own counter is the last but one part.
int ecdsa_key_derive(struct digest *d, struct slice access_key_id, struct slice secret, uint8_t out[DIGEST_SIZE])
{
        uint8_t key[5 + LIMIT_SECRET_ACCESS_KEY] = "AWS4A";
        uint8_t input[4 + sizeof(LABEL) + LIMIT_ACCESS_KEY_ID + 1 + 4] = {0, 0, 0, 1};
        uint8_t candidate[DIGEST_SIZE];
        if (secret.n > LIMIT_SECRET_ACCESS_KEY || access_key_id.n > LIMIT_ACCESS_KEY_ID)
                return -1;
        memcpy(key + 5, secret.p, secret.n);
        memcpy(input + 4, LABEL, sizeof(LABEL)); // with its NUL
        uint8_t *counter = put_slice(input + 4 + sizeof(LABEL), access_key_id);
        memcpy(counter + 1, "\0\0\1", 4); // 256 bits are made; its own NUL is the last byte
        int r = -1;
        for (unsigned i = 1; r < 0 && i <= COUNTER_MAX; i++) {
                *counter = (uint8_t)i;
                if (digest_hmac(d, slice_of(key, 5 + secret.n), slice_of(input, (size_t)(counter + 5 - input)),
                                candidate) < 0)
                        break;
                r = ecdsa_key_from_candidate(candidate, out) ? 0 : -1;
        }
        explicit_bzero(key, 5 + secret.n);
        explicit_bzero(candidate, sizeof(candidate));
        return r;
}

// The key in the form of RFC 5915, without its public half, which OpenSSL computes.
static EVP_PKEY *make_pkey(const uint8_t private_key[DIGEST_SIZE])
{
        static const uint8_t head[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
        static const uint8_t curve[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
        uint8_t der[sizeof(head) + DIGEST_SIZE + sizeof(curve)];
        const unsigned char *at = der;
        memcpy(der, head, sizeof(head));
        memcpy(der + sizeof(head), private_key, DIGEST_SIZE);
        memcpy(der + sizeof(head) + DIGEST_SIZE, curve, sizeof(curve));
        EVP_PKEY *pkey = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, sizeof(der));
        explicit_bzero(der, sizeof(der));
        return pkey;
}

static struct key *find(struct ecdsa_cache *cache, const struct credentials *c)
{
        for (struct credentials_derived *derived = c->derived; derived; derived = derived->next) {
                struct key *key = (struct key *)derived;
                if (derived->drop == drop && key->cache == cache)
                        return key;
        }
        return NULL;
}

// Derives the key in place of the least recently used one. NULL with *e.
static struct key *derive(struct ecdsa_cache *cache, struct digest *d, struct credentials *c, struct error *e)
{
        uint8_t private_key[DIGEST_SIZE];
        EVP_PKEY *pkey = NULL;
        if (ecdsa_key_derive(d, c->access_key_id, c->secret_access_key, private_key) == 0)
                pkey = make_pkey(private_key);
        explicit_bzero(private_key, sizeof(private_key));
        secret_wipe_stack(); // OpenSSL leaves the key there
        if (!pkey) {
                error_set(e, ERROR_INTERNAL, "OpenSSL could not derive the signing key of SigV4A");
                return NULL;
        }
        struct key *key = TAILQ_LAST(&cache->by_use, key_list);
        clear(key);
        credentials_attach(c, &key->derived);
        key->credentials = c;
        key->pkey = pkey;
        return key;
}

struct evp_pkey_st *ecdsa_cache_get(struct ecdsa_cache *cache, struct digest *d, struct credentials *c, struct error *e)
{
        struct key *key = find(cache, c);
        if (!key)
                key = derive(cache, d, c, e);
        if (!key)
                return NULL;
        TAILQ_REMOVE(&cache->by_use, key, by_use);
        TAILQ_INSERT_HEAD(&cache->by_use, key, by_use);
        return key->pkey;
}

int ecdsa_sign(struct evp_pkey_st *key, struct slice text, char out[ECDSA_HEX_MAX], size_t *ret_n)
{
        uint8_t der[DER_MAX];
        size_t n = sizeof(der);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        bool is_signed = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                         EVP_DigestSign(context, der, &n, text.p, text.n) == 1;
        EVP_MD_CTX_free(context);
        if (!is_signed)
                return -1;
        text_hex_encode(slice_of(der, n), out);
        *ret_n = 2 * n;
        return 0;
}
