// SPDX-License-Identifier: Apache-2.0
// Keys that lie on the stack for a moment are gone from it afterwards.
#include "proto/wire/credentials.h"
#include "sidecar/signing/digest.h"
#include "sidecar/signing/key.h"
#include "tests/unit/stack.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static const struct key_scope scope = {SLICE_INIT("20260901"), SLICE_INIT("us-east-1"), SLICE_INIT("bedrock")};

struct work {
        struct digest *digest;
        struct key_cache *cache;
        struct credentials *credentials;
        struct slice key;
        struct digest_key *hmac;
        struct signing_key signing_key;
        struct error e;
        int r;
};

static void prepare_key(void *arg)
{
        struct work *w = arg;
        w->hmac = digest_key_new(w->digest, w->key); // and no call after it, which would overwrite what it left
}

// The key as it is, and as HMAC pads it.
static void a_prepared_key_is_nowhere_else(void **state)
{
        (void)state;
        static const uint8_t masks[] = {0, 0x36, 0x5c};
        uint8_t key[40], masked[sizeof(key)];
        memcpy(key, SECRET, sizeof(key));
        struct work w = {.digest = digest_new(), .key = slice_of(key, sizeof(key))};
        assert_non_null(w.digest);
        for (size_t i = 0; i < LENGTH(masks); i++) {
                for (size_t j = 0; j < sizeof(key); j++)
                        masked[j] = key[j] ^ masks[i];
                assert_false(stack_keeps(slice_of(masked, sizeof(masked)), prepare_key, &w));
                assert_non_null(w.hmac);
                digest_key_free(w.hmac);
        }
        digest_free(w.digest);
}

static void get_key(void *arg)
{
        struct work *w = arg;
        w->r = key_cache_get(w->cache, w->digest, w->credentials, &scope, &w->signing_key, &w->e);
}

static void derivation_leaves_neither_secret_nor_key(void **state)
{
        (void)state;
        const struct credentials fields = {.access_key_id = SLICE("AKIDEXAMPLE"), .secret_access_key = SLICE(SECRET)};
        struct work w = {.digest = digest_new(), .cache = key_cache_new(), .credentials = credentials_new(&fields)};
        uint8_t key[DIGEST_SIZE];
        assert_true(w.digest && w.cache && w.credentials);
        assert_int_equal(key_derive(w.digest, SLICE(SECRET), &scope, key), 0);
        // Half of it: what is called after the derivation overwrites the end.
        assert_false(stack_keeps(slice_of(key, sizeof(key) / 2), get_key, &w));
        assert_int_equal(w.r, 0);
        key_cache_free(w.cache);
        w.cache = key_cache_new();
        assert_false(stack_keeps(SLICE(SECRET), get_key, &w));
        key_cache_free(w.cache);
        credentials_unref(w.credentials);
        digest_free(w.digest);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_prepared_key_is_nowhere_else),
            cmocka_unit_test(derivation_leaves_neither_secret_nor_key),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
