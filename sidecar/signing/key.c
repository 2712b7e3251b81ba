// SPDX-License-Identifier: Apache-2.0
// Owns the derived keys. A key is dropped together with the credentials that it was derived from, so the address of the
// credentials can identify their secret: no other credentials can have that address while the key exists.
#include "sidecar/signing/key.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "proto/mem/length.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/put.h"

enum { DATE_SIZE = 8 };

struct key {
        struct credentials_derived derived; // first member: the drop callback casts it to the key
        TAILQ_ENTRY(key) by_use;
        struct key_cache *cache;
        const struct credentials *credentials; // NULL: free
        struct digest_key *hmac;
        uint8_t region_n, service_n, scope_n;
        uint8_t scope[KEY_SCOPE_MAX];
};

struct key_cache {
        TAILQ_HEAD(key_list, key) by_use; // most recently used first, unused ones last
        struct key keys[KEY_CACHE_SIZE];
};

static void clear(struct key *key)
{
        credentials_detach(&key->derived);
        digest_key_free(key->hmac);
        key->hmac = NULL;
        key->credentials = NULL;
}

static void drop(struct credentials_derived *derived)
{
        struct key *key = (struct key *)derived;
        clear(key);
        TAILQ_REMOVE(&key->cache->by_use, key, by_use);
        TAILQ_INSERT_TAIL(&key->cache->by_use, key, by_use);
}

struct key_cache *key_cache_new(void)
{
        struct key_cache *cache = calloc(1, sizeof(*cache));
        if (!cache)
                return NULL;
        TAILQ_INIT(&cache->by_use);
        for (size_t i = 0; i < KEY_CACHE_SIZE; i++) {
                cache->keys[i].cache = cache;
                cache->keys[i].derived.drop = drop;
                TAILQ_INSERT_TAIL(&cache->by_use, &cache->keys[i], by_use);
        }
        return cache;
}

void key_cache_free(struct key_cache *cache)
{
        for (size_t i = 0; cache && i < KEY_CACHE_SIZE; i++)
                clear(&cache->keys[i]);
        free(cache);
}

int key_derive(struct digest *d, struct slice secret, const struct key_scope *scope, uint8_t out[DIGEST_SIZE])
{
        uint8_t start[4 + LIMIT_SECRET_ACCESS_KEY] = "AWS4";
        if (secret.n > LIMIT_SECRET_ACCESS_KEY)
                return -1;
        memcpy(start + 4, secret.p, secret.n);
        int failed = digest_hmac(d, slice_of(start, 4 + secret.n), scope->date, out);
        explicit_bzero(start, 4 + secret.n);
        const struct slice steps[] = {scope->region, scope->service, SLICE("aws4_request")};
        for (size_t i = 0; i < LENGTH(steps) && !failed; i++)
                failed = digest_hmac(d, slice_of(out, DIGEST_SIZE), steps[i], out);
        return failed ? -1 : 0;
}

uint8_t *key_scope_put(uint8_t *p, const struct key_scope *scope)
{
        p = put_byte(put_slice(p, scope->date), '/');
        p = put_byte(put_slice(p, scope->region), '/');
        p = put_slice(p, scope->service);
        return put_slice(p, SLICE(KEY_SCOPE_END));
}

static int check_name(const char *what, struct slice name, const char *hint, struct error *e)
{
        static const bool allowed[256] = {
            ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true, ['_'] = true,
        };
        if (name.n > 0 && name.n <= KEY_NAME_MAX && scan_span(name, allowed) == name.n)
                return 0;
        error_set(e, ERROR_CONFIG, "invalid %s: \"%.*s\"", what, (int)slice_head(name, 80).n, (const char *)name.p);
        return error_hint(e, "%s", hint);
}

int key_service_check(struct slice service, struct error *e)
{
        return check_name("service", service, "give the service's signing name, such as bedrock", e);
}

int key_scope_check(const struct key_scope *scope, struct error *e)
{
        if (check_name("region", scope->region, "name it as AWS does, such as us-east-1", e) < 0)
                return -1;
        return key_service_check(scope->service, e);
}

// Compares short names without calling memcmp().
static bool is_same(const uint8_t *kept, size_t n, struct slice s)
{
        if (n != s.n)
                return false;
        if (n < 8 || n > 16)
                return memcmp(kept, s.p, n) == 0;
        return scan_load(kept) == scan_load(s.p) && scan_load(kept + n - 8) == scan_load(s.p + n - 8);
}

static bool is_key_of(const struct key *key, const struct credentials *c, const struct key_scope *scope)
{
        const uint8_t *region = key->scope + DATE_SIZE + 1, *service = region + key->region_n + 1;
        return key->credentials == c && memcmp(key->scope, scope->date.p, DATE_SIZE) == 0 &&
               is_same(region, key->region_n, scope->region) && is_same(service, key->service_n, scope->service);
}

static struct key *find(struct key_cache *cache, const struct credentials *c, const struct key_scope *scope)
{
        struct key *last = TAILQ_FIRST(&cache->by_use);
        if (is_key_of(last, c, scope))
                return last;
        for (struct credentials_derived *derived = c->derived; derived; derived = derived->next) {
                struct key *key = (struct key *)derived;
                if (derived->drop == drop && key->cache == cache && is_key_of(key, c, scope))
                        return key;
        }
        return NULL;
}

// Derives the key; it replaces the least recently used one. NULL with *e.
static struct key *derive(struct key_cache *cache, struct digest *d, struct credentials *c,
                          const struct key_scope *scope, struct error *e)
{
        uint8_t bytes[DIGEST_SIZE];
        struct digest_key *hmac = NULL;
        if (key_scope_check(scope, e) < 0) // not needed for a cached key: its scope passed when it was derived
                return NULL;
        if (key_derive(d, c->secret_access_key, scope, bytes) == 0)
                hmac = digest_key_new(d, slice_of(bytes, sizeof(bytes)));
        explicit_bzero(bytes, sizeof(bytes));
        if (!hmac) {
                error_set(e, ERROR_INTERNAL, "OpenSSL could not derive the signing key");
                return NULL;
        }
        struct key *key = TAILQ_LAST(&cache->by_use, key_list);
        clear(key);
        credentials_attach(c, &key->derived);
        key->credentials = c;
        key->hmac = hmac;
        key->scope_n = (uint8_t)(key_scope_put(key->scope, scope) - key->scope);
        key->region_n = (uint8_t)scope->region.n;
        key->service_n = (uint8_t)scope->service.n;
        return key;
}

int key_cache_get(struct key_cache *cache, struct digest *d, struct credentials *c, const struct key_scope *scope,
                  struct signing_key *ret, struct error *e)
{
        assert(scope->date.n == DATE_SIZE);
        struct key *key = find(cache, c, scope);
        if (!key)
                key = derive(cache, d, c, scope, e);
        if (!key)
                return -1;
        if (key != TAILQ_FIRST(&cache->by_use)) {
                TAILQ_REMOVE(&cache->by_use, key, by_use);
                TAILQ_INSERT_HEAD(&cache->by_use, key, by_use);
        }
        *ret = (struct signing_key){key->hmac, slice_of(key->scope, key->scope_n)};
        return 0;
}
