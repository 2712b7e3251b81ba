// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/key.h"

#include <stdio.h>

#include "proto/mem/text.h"
#include "proto/wire/credentials.h"
#include "tests/unit/unit.h"

#define SECRET SLICE("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

static struct key_scope scope_of(const char *date, const char *region, const char *service)
{
        return (struct key_scope){slice_str(date), slice_str(region), slice_str(service)};
}

static void test_derivation(void **state)
{
        (void)state;
        struct digest *d = digest_new();
        const struct key_scope scope = scope_of("20260901", "us-east-1", "bedrock");
        uint8_t key[DIGEST_SIZE];
        char hex[DIGEST_HEX_SIZE + 1] = {0};
        assert_int_equal(key_derive(d, SECRET, &scope, key), 0);
        text_hex_encode(slice_of(key, sizeof(key)), hex);
        assert_string_equal(hex, "787fd864e1574ee4970f0f717f8ff01440f34611246ea4ebee19c3ced68ca92c");
        uint8_t scope_text[KEY_SCOPE_MAX];
        const uint8_t *end = key_scope_put(scope_text, &scope);
        assert_true(slice_eq(slice_of(scope_text, (size_t)(end - scope_text)),
                             SLICE("20260901/us-east-1/bedrock/aws4_request")));
        digest_free(d);
}

struct fixture {
        struct digest *digest;
        struct key_cache *cache;
};

static struct credentials *credentials_of(struct slice secret)
{
        struct credentials *c =
            credentials_new(&(struct credentials){.access_key_id = SLICE("AKIDEXAMPLE"), .secret_access_key = secret});
        assert_non_null(c);
        return c;
}

// What the cached key makes of a text has to be what the derived key makes of it. Returns the key.
static const struct digest_key *assert_right_key(struct fixture *f, struct credentials *c,
                                                 const struct key_scope *scope)
{
        struct signing_key cached;
        struct error e = {.kind = ERROR_NONE};
        uint8_t key[DIGEST_SIZE], expected[DIGEST_SIZE], actual[DIGEST_SIZE];
        assert_int_equal(key_cache_get(f->cache, f->digest, c, scope, &cached, &e), 0);
        assert_int_equal(key_derive(f->digest, c->secret_access_key, scope, key), 0);
        assert_int_equal(digest_hmac(f->digest, slice_of(key, sizeof(key)), SLICE("text"), expected), 0);
        assert_int_equal(digest_key_hmac(f->digest, cached.hmac, SLICE("text"), actual), 0);
        assert_memory_equal(actual, expected, DIGEST_SIZE);
        return cached.hmac;
}

static size_t count_keys(const struct credentials *c)
{
        size_t n = 0;
        for (const struct credentials_derived *derived = c->derived; derived; derived = derived->next)
                n++;
        return n;
}

static void set_up(struct fixture *f)
{
        f->digest = digest_new();
        f->cache = key_cache_new();
        assert_non_null(f->digest);
        assert_non_null(f->cache);
}

static void tear_down(struct fixture *f)
{
        key_cache_free(f->cache);
        digest_free(f->digest);
}

// Each row differs from the others in one thing; none may be taken for another.
static void test_keys_are_told_apart(void **state)
{
        static const struct {
                struct slice secret;
                const char *date, *region, *service;
        } rows[] = {
            {SLICE_INIT("secret"), "20260901", "us-east-1", "bedrock"},
            {SLICE_INIT("secret2"), "20260901", "us-east-1", "bedrock"},
            {SLICE_INIT("secret"), "20260902", "us-east-1", "bedrock"},
            {SLICE_INIT("secret"), "20260901", "us-east-2", "bedrock"},
            {SLICE_INIT("secret"), "20260901", "us-east-1", "sts"},
            {SLICE_INIT("secret"), "20260901", "us-east-1b", "edrock"},
            {SLICE_INIT("secret"), "20260901", "us-east-", "1bedrock"},
            {SLICE_INIT("0123456789012345678901234567890123456789012345678901234567890123456789"), "20260901",
             "us-east-1", "bedrock"},
            {SLICE_INIT("0123456789012345678901234567890123456789012345678901234567890123456788"), "20260901",
             "us-east-1", "bedrock"},
        };
        enum { COUNT = LENGTH(rows) };
        (void)state;
        struct fixture f;
        set_up(&f);
        struct credentials *c[COUNT];
        const struct digest_key *keys[COUNT];
        // Rows with the same secret share their credentials.
        for (size_t i = 0; i < COUNT; i++)
                c[i] = i > 0 && slice_eq(rows[i].secret, rows[0].secret) ? credentials_ref(c[0])
                                                                         : credentials_of(rows[i].secret);
        for (size_t i = 0; i < 3 * COUNT; i++) {
                size_t row = i % COUNT;
                const struct key_scope scope = scope_of(rows[row].date, rows[row].region, rows[row].service);
                const struct digest_key *key = assert_right_key(&f, c[row], &scope);
                if (i < COUNT)
                        keys[row] = key;
                assert_ptr_equal(key, keys[row]); // derived once
        }
        assert_int_equal(count_keys(c[0]), 6);
        assert_int_equal(count_keys(c[1]), 1);
        for (size_t i = 0; i < COUNT; i++)
                credentials_unref(c[i]);
        tear_down(&f);
}

// Credentials may get the address that others had.
static void test_new_credentials_have_new_keys(void **state)
{
        (void)state;
        struct fixture f;
        const struct key_scope scope = scope_of("20260901", "us-east-1", "bedrock");
        set_up(&f);
        uintptr_t before = 0;
        bool was_reused = false;
        for (int i = 0; i < 3; i++) {
                char secret[32];
                (void)snprintf(secret, sizeof(secret), "secret-%d", i);
                struct credentials *c = credentials_of(slice_str(secret));
                was_reused |= (uintptr_t)c == before;
                before = (uintptr_t)c;
                (void)assert_right_key(&f, c, &scope);
                credentials_unref(c);
        }
        assert_true(was_reused);
        tear_down(&f);
}

static void test_two_caches_share_credentials(void **state)
{
        (void)state;
        struct fixture f, g;
        const struct key_scope scope = scope_of("20260901", "us-east-1", "bedrock");
        set_up(&f);
        set_up(&g);
        struct credentials *c = credentials_of(SECRET);
        const struct digest_key *key = assert_right_key(&f, c, &scope);
        assert_ptr_not_equal(assert_right_key(&g, c, &scope), key);
        assert_ptr_equal(assert_right_key(&f, c, &scope), key);
        tear_down(&f);
        (void)assert_right_key(&g, c, &scope);
        credentials_unref(c);
        tear_down(&g);
}

// Keys that were not used for longest go first, and never more are held than there is space for.
static void evicts_the_least_recently_used_keys(void **state)
{
        (void)state;
        enum { COUNT = 3 * KEY_CACHE_SIZE };
        struct fixture f;
        static struct credentials *c[COUNT];
        const struct key_scope scope = scope_of("20260901", "us-east-1", "bedrock");
        set_up(&f);
        const struct digest_key *first = NULL;
        for (size_t i = 0; i < COUNT; i++) {
                char secret[32];
                (void)snprintf(secret, sizeof(secret), "secret-%zu", i);
                c[i] = credentials_of(slice_str(secret));
                (void)assert_right_key(&f, c[i], &scope);
                const struct digest_key *key = assert_right_key(&f, c[0], &scope); // always in use
                first = first ? first : key;
                assert_ptr_equal(key, first);
        }
        size_t held = 0;
        for (size_t i = 0; i < COUNT; i++) {
                held += count_keys(c[i]);
                assert_int_equal(count_keys(c[i]), i == 0 || i > COUNT - KEY_CACHE_SIZE);
        }
        assert_int_equal(held, KEY_CACHE_SIZE);
        // The space of keys that went with their credentials is taken before any other's.
        credentials_unref(c[COUNT - 1]);
        c[COUNT - 1] = credentials_of(SECRET);
        (void)assert_right_key(&f, c[COUNT - 1], &scope);
        assert_int_equal(count_keys(c[COUNT - KEY_CACHE_SIZE + 1]), 1);
        for (size_t i = 0; i < COUNT; i++)
                credentials_unref(c[i]);
        tear_down(&f);
}

static void test_scope_is_checked(void **state)
{
        static const struct {
                const char *region, *service;
                bool good;
        } rows[] = {
            {"us-east-1", "bedrock", true},
            {"aws_global.x", "IoTSecuredTunneling", true},
            {"", "bedrock", false},
            {"us-east-1", "", false},
            {"us-east-1/x", "bedrock", false},
            {"us-east-1\n", "bedrock", false},
            {"us-east-1", "bed rock", false},
            {"us-east-1", "0123456789012345678901234567890123456789012345678901234567890123", true},
            {"us-east-1", "01234567890123456789012345678901234567890123456789012345678901234", false},
        };
        (void)state;
        struct fixture f;
        set_up(&f);
        struct credentials *c = credentials_of(SECRET);
        for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
                size_t row = i % (LENGTH(rows));
                const struct key_scope scope = scope_of("20260901", rows[row].region, rows[row].service);
                struct signing_key key;
                struct error e = {.kind = ERROR_NONE};
                int r = key_cache_get(f.cache, f.digest, c, &scope, &key, &e);
                assert_int_equal(r, rows[row].good ? 0 : -1);
                if (!rows[row].good)
                        assert_int_equal(e.kind, ERROR_CONFIG);
        }
        credentials_unref(c);
        tear_down(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_derivation),
            cmocka_unit_test(test_keys_are_told_apart),
            cmocka_unit_test(test_new_credentials_have_new_keys),
            cmocka_unit_test(test_two_caches_share_credentials),
            cmocka_unit_test(evicts_the_least_recently_used_keys),
            cmocka_unit_test(test_scope_is_checked),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
