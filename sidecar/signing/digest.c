// SPDX-License-Identifier: Apache-2.0
// Owns the fetched algorithm and contexts, which are set up once; every call after that only restarts them. HMAC is
// made here from two hash states (RFC 2104, section 4): OpenSSL's MAC layer does the same, takes a fifth more time for
// it, and keeps a copy of the last key.
#include "sidecar/signing/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 64 };

struct digest {
        EVP_MD *sha256;
        EVP_MD_CTX *hashing;
        EVP_MD_CTX *keyed; // works on copies of a key's states
};

// The hash states behind the two padded keys, to be copied for each use.
struct digest_key {
        EVP_MD_CTX *inner, *outer;
};

struct digest *digest_new(void)
{
        struct digest *d = calloc(1, sizeof(*d));
        if (!d)
                return NULL;
        d->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        d->hashing = EVP_MD_CTX_new();
        d->keyed = EVP_MD_CTX_new();
        if (!d->sha256 || !d->hashing || !d->keyed || !EVP_DigestInit_ex2(d->hashing, d->sha256, NULL)) {
                digest_free(d);
                return NULL;
        }
        return d;
}

void digest_free(struct digest *d)
{
        if (!d)
                return;
        EVP_MD_CTX_free(d->keyed);
        EVP_MD_CTX_free(d->hashing);
        EVP_MD_free(d->sha256);
        free(d);
}

static int finish(EVP_MD_CTX *context, struct slice bytes, uint8_t out[DIGEST_SIZE])
{
        unsigned size = 0;
        bool good = EVP_DigestUpdate(context, bytes.p, bytes.n) && EVP_DigestFinal_ex(context, out, &size);
        return good && size == DIGEST_SIZE ? 0 : -1;
}

int digest_sha256(struct digest *d, struct slice bytes, uint8_t out[DIGEST_SIZE])
{
        return EVP_DigestInit_ex2(d->hashing, NULL, NULL) ? finish(d->hashing, bytes, out) : -1;
}

static EVP_MD_CTX *padded(const struct digest *d, const uint8_t key[BLOCK_SIZE], uint8_t pad)
{
        uint8_t block[BLOCK_SIZE];
        for (size_t i = 0; i < sizeof(block); i++)
                block[i] = key[i] ^ pad;
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        bool good =
            context && EVP_DigestInit_ex2(context, d->sha256, NULL) && EVP_DigestUpdate(context, block, sizeof(block));
        explicit_bzero(block, sizeof(block));
        if (good)
                return context;
        EVP_MD_CTX_free(context);
        return NULL;
}

// The key as one block: a longer one is hashed first.
static int fill_block(struct digest *d, struct slice key, uint8_t block[BLOCK_SIZE])
{
        memset(block, 0, BLOCK_SIZE);
        if (key.n > BLOCK_SIZE)
                return EVP_DigestInit_ex2(d->keyed, d->sha256, NULL) ? finish(d->keyed, key, block) : -1;
        if (key.n > 0)
                memcpy(block, key.p, key.n);
        return 0;
}

struct digest_key *digest_key_new(struct digest *d, struct slice key)
{
        uint8_t block[BLOCK_SIZE];
        struct digest_key *ret = calloc(1, sizeof(*ret));
        if (!ret)
                return NULL;
        if (fill_block(d, key, block) == 0) {
                ret->inner = padded(d, block, 0x36);
                ret->outer = padded(d, block, 0x5c);
        }
        explicit_bzero(block, sizeof(block));
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

int digest_key_hmac(struct digest *d, const struct digest_key *key, struct slice bytes, uint8_t out[DIGEST_SIZE])
{
        uint8_t hash[DIGEST_SIZE];
        if (!EVP_MD_CTX_copy_ex(d->keyed, key->inner) || finish(d->keyed, bytes, hash) < 0 ||
            !EVP_MD_CTX_copy_ex(d->keyed, key->outer))
                return -1;
        return finish(d->keyed, slice_of(hash, sizeof(hash)), out);
}

int digest_hmac(struct digest *d, struct slice key, struct slice bytes, uint8_t out[DIGEST_SIZE])
{
        struct digest_key *prepared = digest_key_new(d, key);
        int r = prepared ? digest_key_hmac(d, prepared, bytes, out) : -1;
        digest_key_free(prepared);
        EVP_MD_CTX_reset(d->keyed);
        return r;
}
