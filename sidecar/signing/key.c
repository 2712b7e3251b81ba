// SPDX-License-Identifier: Apache-2.0
// Owns the derived keys: a table of sets of four. A key may live in one set only; the set gives up a key of another day
// first, then the one that was not used for longest. The secret itself is compared, not a digest of it: a digest would
// cost as much as a signature.
#include "sidecar/signing/key.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/mem/secret.h"
#include "proto/wire/limits.h"

enum { SETS = 64, WAYS = 4, DATE_SIZE = 8, SECRET_INLINE = 64 };

struct key {
        struct evp_mac_ctx_st *mac; // NULL: free
        uint64_t used;              // larger: later
        uint64_t mark;              // of everything below: settles most comparisons
        uint8_t secret_n;
        bool secret_hashed; // longer than SECRET_INLINE (AWS's have 40): its SHA-256 instead
        uint8_t region_n, service_n;
        uint8_t date[DATE_SIZE];
        uint8_t secret[SECRET_INLINE];
        uint8_t region[KEY_NAME_MAX];
        uint8_t service[KEY_NAME_MAX];
};

struct key_cache {
        struct key *keys; // SETS * WAYS in secret memory
        uint64_t clock;
        unsigned long derivations;
};

struct key_cache *key_cache_new(void)
{
        struct key_cache *cache = calloc(1, sizeof(*cache));
        if (!cache)
                return NULL;
        cache->keys = secret_alloc(SETS * WAYS * sizeof(struct key));
        if (!cache->keys) {
                free(cache);
                return NULL;
        }
        return cache;
}

static void drop(struct key *key)
{
        digest_keyed_free(key->mac);
        explicit_bzero(key, sizeof(*key));
}

void key_cache_clear(struct key_cache *cache)
{
        for (size_t i = 0; i < SETS * WAYS; i++)
                drop(&cache->keys[i]);
}

void key_cache_free(struct key_cache *cache)
{
        if (!cache)
                return;
        key_cache_clear(cache);
        secret_release(cache->keys, SETS * WAYS * sizeof(struct key));
        free(cache);
}

size_t key_cache_count(const struct key_cache *cache)
{
        size_t n = 0;
        for (size_t i = 0; i < SETS * WAYS; i++)
                n += cache->keys[i].mac != NULL;
        return n;
}

unsigned long key_cache_derivations(const struct key_cache *cache)
{
        return cache->derivations;
}

int key_derive(struct digest *d, struct slice secret, const struct key_scope *scope, uint8_t out[DIGEST_SIZE])
{
        uint8_t start[4 + LIMIT_SECRET_ACCESS_KEY] = "AWS4";
        if (secret.n > LIMIT_SECRET_ACCESS_KEY)
                return -1;
        memcpy(start + 4, secret.p, secret.n);
        int failed = digest_hmac(d, slice_of(start, 4 + secret.n), scope->date, out);
        explicit_bzero(start, sizeof(start));
        const struct slice steps[] = {scope->region, scope->service, SLICE("aws4_request")};
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !failed; i++)
                failed = digest_hmac(d, slice_of(out, DIGEST_SIZE), steps[i], out);
        return failed ? -1 : 0;
}

static uint64_t mix(uint64_t mark, struct slice bytes)
{
        while (bytes.n > 0) {
                uint64_t word = 0;
                size_t n = bytes.n < 8 ? bytes.n : 8;
                memcpy(&word, bytes.p, n);
                mark = (mark ^ word) * 0x9e3779b97f4a7c15u;
                mark ^= mark >> 32;
                bytes = slice_from(bytes, n);
        }
        return mark;
}

static uint64_t mark_of(struct slice secret, const struct key_scope *scope)
{
        uint64_t lengths = secret.n << 16 | scope->region.n << 8 | scope->service.n;
        return mix(mix(mix(mix(lengths, secret), scope->date), scope->region), scope->service);
}

static bool is_key_of(const struct key *key, uint64_t mark, struct slice secret, bool hashed,
                      const struct key_scope *scope)
{
        return key->mac && key->mark == mark && key->secret_hashed == hashed &&
               memcmp(key->date, scope->date.p, DATE_SIZE) == 0 &&
               slice_eq(slice_of(key->secret, key->secret_n), secret) &&
               slice_eq(slice_of(key->region, key->region_n), scope->region) &&
               slice_eq(slice_of(key->service, key->service_n), scope->service);
}

static struct key *choose_victim(struct key *set, struct slice date)
{
        struct key *victim = &set[0];
        bool victim_old = false;
        for (size_t i = 0; i < WAYS; i++) {
                if (!set[i].mac)
                        return &set[i];
                bool old = memcmp(set[i].date, date.p, DATE_SIZE) != 0;
                if (old != victim_old ? old : set[i].used < victim->used) {
                        victim = &set[i];
                        victim_old = old;
                }
        }
        return victim;
}

static int fill(struct key *key, struct digest *d, struct slice secret, const struct key_scope *scope)
{
        uint8_t bytes[DIGEST_SIZE];
        struct evp_mac_ctx_st *mac = NULL;
        if (key_derive(d, secret, scope, bytes) == 0)
                mac = digest_keyed_new(d, bytes);
        explicit_bzero(bytes, sizeof(bytes));
        if (!mac)
                return -1;
        drop(key);
        key->mac = mac;
        memcpy(key->date, scope->date.p, DATE_SIZE);
        memcpy(key->region, scope->region.p, scope->region.n);
        key->region_n = (uint8_t)scope->region.n;
        memcpy(key->service, scope->service.p, scope->service.n);
        key->service_n = (uint8_t)scope->service.n;
        return 0;
}

struct evp_mac_ctx_st *key_cache_get(struct key_cache *cache, struct digest *d, struct slice secret,
                                     const struct key_scope *scope)
{
        assert(scope->date.n == DATE_SIZE && scope->region.n <= KEY_NAME_MAX && scope->service.n <= KEY_NAME_MAX);
        uint8_t hash[DIGEST_SIZE];
        struct slice kept = secret; // what the table holds of the secret
        bool hashed = secret.n > SECRET_INLINE;
        if (hashed) {
                if (digest_sha256(d, secret, hash) < 0)
                        return NULL;
                kept = slice_of(hash, sizeof(hash));
        }
        uint64_t mark = mark_of(kept, scope);
        struct key *set = &cache->keys[mark % SETS * WAYS];
        for (size_t i = 0; i < WAYS; i++) {
                if (is_key_of(&set[i], mark, kept, hashed, scope)) {
                        set[i].used = ++cache->clock;
                        return set[i].mac;
                }
        }
        struct key *key = choose_victim(set, scope->date);
        cache->derivations++;
        if (fill(key, d, secret, scope) < 0)
                return NULL;
        key->mark = mark;
        key->used = ++cache->clock;
        key->secret_hashed = hashed;
        key->secret_n = (uint8_t)kept.n;
        memcpy(key->secret, kept.p, kept.n);
        return key->mac;
}
