// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/key.h"

#include <stdio.h>

#include "proto/mem/text.h"
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

// What the cached key makes of a text has to be what the derived key makes of it.
static void assert_right_key(struct fixture *f, struct slice secret, const struct key_scope *scope)
{
        struct signing_key cached;
        struct error e = {.kind = ERROR_NONE};
        uint8_t key[DIGEST_SIZE], expected[DIGEST_SIZE], actual[DIGEST_SIZE];
        assert_int_equal(key_cache_get(f->cache, f->digest, secret, scope, &cached, &e), 0);
        assert_int_equal(key_derive(f->digest, secret, scope, key), 0);
        assert_int_equal(digest_hmac(f->digest, slice_of(key, sizeof(key)), SLICE("text"), expected), 0);
        assert_int_equal(digest_key_hmac(f->digest, cached.hmac, SLICE("text"), actual), 0);
        assert_memory_equal(actual, expected, DIGEST_SIZE);
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
        const size_t count = LENGTH(rows);
        (void)state;
        struct fixture f;
        set_up(&f);
        for (size_t i = 0; i < 3 * count; i++) {
                const struct key_scope scope =
                    scope_of(rows[i % count].date, rows[i % count].region, rows[i % count].service);
                assert_right_key(&f, rows[i % count].secret, &scope);
        }
        assert_int_equal(key_cache_derivations(f.cache), count);
        assert_int_equal(key_cache_count(f.cache), count);
        key_cache_clear(f.cache);
        assert_int_equal(key_cache_count(f.cache), 0);
        const struct key_scope scope = scope_of("20260901", "us-east-1", "bedrock");
        assert_right_key(&f, SLICE("secret"), &scope);
        assert_int_equal(key_cache_derivations(f.cache), count + 1);
        tear_down(&f);
}

static void test_bounded(void **state)
{
        (void)state;
        struct fixture f;
        set_up(&f);
        for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 1000; i++) {
                        char secret[32];
                        (void)snprintf(secret, sizeof(secret), "secret-%d", i);
                        const struct key_scope scope = scope_of("20260901", "us-east-1", "bedrock");
                        assert_right_key(&f, slice_str(secret), &scope);
                        assert_true(key_cache_count(f.cache) <= 256);
                }
        }
        assert_true(key_cache_count(f.cache) > 200);
        tear_down(&f);
}

// Keys of yesterday go first: what is in use stays although many old keys are younger in use.
static void test_other_days_leave_first(void **state)
{
        (void)state;
        struct fixture f;
        set_up(&f);
        char secret[32];
        const struct key_scope today = scope_of("20260902", "us-east-1", "bedrock");
        const struct key_scope yesterday = scope_of("20260901", "us-east-1", "bedrock");
        for (int i = 0; i < 20; i++) {
                (void)snprintf(secret, sizeof(secret), "today-%d", i);
                assert_right_key(&f, slice_str(secret), &today);
        }
        for (int i = 0; i < 60; i++) {
                (void)snprintf(secret, sizeof(secret), "yesterday-%d", i);
                assert_right_key(&f, slice_str(secret), &yesterday);
        }
        unsigned long before = key_cache_derivations(f.cache);
        for (int i = 0; i < 20; i++) {
                (void)snprintf(secret, sizeof(secret), "today-%d", i);
                assert_right_key(&f, slice_str(secret), &today);
        }
        assert_true(key_cache_derivations(f.cache) - before <= 2);
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
        for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
                size_t row = i % (LENGTH(rows));
                const struct key_scope scope = scope_of("20260901", rows[row].region, rows[row].service);
                struct signing_key key;
                struct error e = {.kind = ERROR_NONE};
                int r = key_cache_get(f.cache, f.digest, SECRET, &scope, &key, &e);
                assert_int_equal(r, rows[row].good ? 0 : -1);
                if (!rows[row].good)
                        assert_int_equal(e.kind, ERROR_CONFIG);
        }
        tear_down(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_derivation),       cmocka_unit_test(test_keys_are_told_apart),
            cmocka_unit_test(test_bounded),          cmocka_unit_test(test_other_days_leave_first),
            cmocka_unit_test(test_scope_is_checked),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
