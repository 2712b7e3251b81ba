// SPDX-License-Identifier: Apache-2.0
// Owns the derived keys: a table of sets of four. A key may live in one set only; the set gives up a key of another day
// first, then the one that was not used for longest. The secret itself is compared, not a digest of it: a digest would
// cost as much as a signature.
#include "sidecar/signing/key.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/mem/secret.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/put.h"

enum { SETS = 64, WAYS = 4, KEYS = SETS * WAYS, DATE_SIZE = 8, SECRET_INLINE = 64 };

struct key {
        struct digest_key *hmac; // NULL: free
        uint64_t used;           // larger: later
        uint64_t mark;           // of secret and scope: settles most comparisons
        uint8_t secret_n;
        bool secret_hashed; // longer than SECRET_INLINE (AWS's have 40): its SHA-256 instead
        uint8_t region_n, service_n, scope_n;
        uint8_t secret[SECRET_INLINE];
        uint8_t scope[KEY_SCOPE_MAX];
};

struct key_cache {
        struct key *keys; // KEYS in secret memory
        struct key *last; // of the last call, looked at first
        uint64_t clock;
        unsigned long derivations;
};

struct key_cache *key_cache_new(void)
{
        struct key_cache *cache = calloc(1, sizeof(*cache));
        if (!cache)
                return NULL;
        cache->keys = secret_alloc(KEYS * sizeof(struct key));
        if (!cache->keys) {
                free(cache);
                return NULL;
        }
        cache->last = cache->keys;
        return cache;
}

static void drop(struct key *key)
{
        digest_key_free(key->hmac);
        explicit_bzero(key, sizeof(*key));
}

void key_cache_clear(struct key_cache *cache)
{
        for (size_t i = 0; i < KEYS; i++)
                drop(&cache->keys[i]);
}

void key_cache_free(struct key_cache *cache)
{
        if (!cache)
                return;
        key_cache_clear(cache);
        secret_release(cache->keys, KEYS * sizeof(struct key));
        free(cache);
}

size_t key_cache_count(const struct key_cache *cache)
{
        size_t n = 0;
        for (size_t i = 0; i < KEYS; i++)
                n += cache->keys[i].hmac != NULL;
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
        for (size_t i = 0; i < LENGTH(steps) && !failed; i++)
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

// Equality without a call for the lengths that names have.
static bool is_same(const uint8_t *kept, size_t n, struct slice s)
{
        if (n != s.n)
                return false;
        if (n < 8 || n > 16)
                return memcmp(kept, s.p, n) == 0;
        return scan_load(kept) == scan_load(s.p) && scan_load(kept + n - 8) == scan_load(s.p + n - 8);
}

// The secret as the table keeps it.
struct kept_secret {
        struct slice bytes;
        bool hashed;
        uint8_t hash[DIGEST_SIZE];
};

static bool is_key_of(const struct key *key, const struct kept_secret *secret, const struct key_scope *scope)
{
        const uint8_t *region = key->scope + DATE_SIZE + 1, *service = region + key->region_n + 1;
        return key->hmac && memcmp(key->scope, scope->date.p, DATE_SIZE) == 0 &&
               is_same(region, key->region_n, scope->region) && is_same(service, key->service_n, scope->service) &&
               key->secret_hashed == secret->hashed && is_same(key->secret, key->secret_n, secret->bytes);
}

static struct key *choose_victim(struct key *set, struct slice date)
{
        struct key *victim = &set[0];
        bool victim_old = false;
        for (size_t i = 0; i < WAYS; i++) {
                if (!set[i].hmac)
                        return &set[i];
                bool old = memcmp(set[i].scope, date.p, DATE_SIZE) != 0;
                if (old != victim_old ? old : set[i].used < victim->used) {
                        victim = &set[i];
                        victim_old = old;
                }
        }
        return victim;
}

uint8_t *key_scope_put(uint8_t *p, const struct key_scope *scope)
{
        p = put_byte(put_slice(p, scope->date), '/');
        p = put_byte(put_slice(p, scope->region), '/');
        p = put_slice(p, scope->service);
        return put_slice(p, SLICE(KEY_SCOPE_END));
}

// `secret` is the whole one, `kept` what stays of it.
static int check_name(const char *what, struct slice name, const char *hint, struct error *e)
{
        static const bool allowed[256] = {
            ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true, ['_'] = true,
        };
        if (name.n > 0 && name.n <= KEY_NAME_MAX && scan_span(name, allowed, scan_plain) == name.n)
                return 0;
        error_set(e, ERROR_CONFIG, "\"%.*s\" is no valid %s", (int)slice_head(name, 80).n, (const char *)name.p, what);
        return error_hint(e, "%s", hint);
}

int key_scope_check(const struct key_scope *scope, struct error *e)
{
        if (check_name("region", scope->region, "name it as AWS does, such as us-east-1", e) < 0)
                return -1;
        return check_name("service", scope->service, "give the service's signing name, such as bedrock", e);
}

static int fill(struct key *key, struct digest *d, struct slice secret, const struct kept_secret *kept,
                const struct key_scope *scope)
{
        uint8_t bytes[DIGEST_SIZE];
        struct digest_key *hmac = NULL;
        if (key_derive(d, secret, scope, bytes) == 0)
                hmac = digest_key_new(d, bytes);
        explicit_bzero(bytes, sizeof(bytes));
        if (!hmac)
                return -1;
        drop(key);
        key->hmac = hmac;
        key->scope_n = (uint8_t)(key_scope_put(key->scope, scope) - key->scope);
        key->region_n = (uint8_t)scope->region.n;
        key->service_n = (uint8_t)scope->service.n;
        key->secret_hashed = kept->hashed;
        key->secret_n = (uint8_t)kept->bytes.n;
        put_slice(key->secret, kept->bytes);
        return 0;
}

// The key, from the table or derived. NULL when that fails.
static struct key *look_up(struct key_cache *cache, struct digest *d, struct slice secret,
                           const struct kept_secret *kept, const struct key_scope *scope, struct error *e)
{
        if (is_key_of(cache->last, kept, scope))
                return cache->last;
        uint64_t mark = mark_of(kept->bytes, scope);
        struct key *set = &cache->keys[mark % SETS * WAYS];
        for (size_t i = 0; i < WAYS; i++) {
                if (set[i].mark == mark && is_key_of(&set[i], kept, scope))
                        return &set[i];
        }
        struct key *key = choose_victim(set, scope->date);
        // Only now: no key was ever made for a scope that did not pass.
        if (key_scope_check(scope, e) < 0)
                return NULL;
        if (fill(key, d, secret, kept, scope) < 0) {
                error_set(e, ERROR_INTERNAL, "OpenSSL could not derive the signing key");
                return NULL;
        }
        key->mark = mark;
        cache->derivations++;
        return key;
}

int key_cache_get(struct key_cache *cache, struct digest *d, struct slice secret, const struct key_scope *scope,
                  struct signing_key *ret, struct error *e)
{
        assert(scope->date.n == DATE_SIZE);
        struct kept_secret kept;
        kept.bytes = secret;
        kept.hashed = secret.n > SECRET_INLINE;
        if (kept.hashed) {
                if (digest_sha256(d, secret, kept.hash) < 0)
                        return error_set(e, ERROR_INTERNAL, "OpenSSL could not compute SHA-256");
                kept.bytes = slice_of(kept.hash, sizeof(kept.hash));
        }
        struct key *key = look_up(cache, d, secret, &kept, scope, e);
        if (!key)
                return -1;
        key->used = ++cache->clock;
        cache->last = key;
        ret->hmac = key->hmac;
        ret->scope = slice_of(key->scope, key->scope_n);
        return 0;
}
