// SPDX-License-Identifier: Apache-2.0
// The keys of SigV4A: derived as in AWS's test suite, held once for each credentials, gone with them.
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "proto/mem/text.h"
#include "sidecar/signing/ecdsa_key.h"
#include "sidecar/signing/openssl_memory.h"
#include "tests/unit/memory_scan.h"
#include "tests/unit/signing/fixture.h"
#include "tests/unit/unit.h"

// Of aws-c-auth's test suite for SigV4A: AKIDEXAMPLE and its secret.
#define PRIVATE_KEY "7efc8c0e65a324242818c5a50c891c6060b6a00717b7ba3cbe3c5d765be9259c"
#define PUBLIC_KEY                                                                                                     \
        "04b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1"                                           \
        "865ed22a7eadc9c5cb9d2cbaca1b3699139fedc5043dc6661864218330c8e518"
#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define ORDER_LESS_2 "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f"
#define ORDER_LESS_1 "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"

static void test_derivation(void **state)
{
        (void)state;
        uint8_t key[DIGEST_SIZE];
        char hex[DIGEST_HEX_SIZE + 1] = "";
        struct digest *d = digest_new();
        assert_int_equal(ecdsa_key_derive(d, SLICE("AKIDEXAMPLE"), SLICE(FIXTURE_SECRET), key), 0);
        text_hex_encode(slice_of(key, sizeof(key)), hex);
        assert_string_equal(hex, PRIVATE_KEY);
        char long_text[LIMIT_SECRET_ACCESS_KEY + 1];
        memset(long_text, 'a', sizeof(long_text));
        assert_int_equal(ecdsa_key_derive(d, SLICE("A"), slice_of(long_text, sizeof(long_text)), key), -1);
        assert_int_equal(ecdsa_key_derive(d, SLICE("A"), slice_of(long_text, sizeof(long_text) - 1), key), 0);
        assert_int_equal(ecdsa_key_derive(d, slice_of(long_text, LIMIT_ACCESS_KEY_ID + 1), SLICE("s"), key), -1);
        assert_int_equal(ecdsa_key_derive(d, slice_of(long_text, LIMIT_ACCESS_KEY_ID), SLICE("s"), key), 0);
        digest_free(d);
}

static void test_candidates(void **state)
{
        (void)state;
        static const struct {
                const char *candidate;
                const char *key; // NULL: refused
        } rows[] = {
            {"0000000000000000000000000000000000000000000000000000000000000000",
             "0000000000000000000000000000000000000000000000000000000000000001"},
            {"00000000000000000000000000000000000000000000000000000000000000ff",
             "0000000000000000000000000000000000000000000000000000000000000100"},
            {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632500",
             "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632501"},
            {ORDER_LESS_2, ORDER_LESS_1},
            {ORDER_LESS_1, NULL},
            {ORDER, NULL},
            {"ffffffff00000001000000000000000000000000000000000000000000000000", NULL},
            {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", NULL},
            {"fffffffeffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
             "ffffffff00000000000000000000000000000000000000000000000000000000"},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                uint8_t candidate[DIGEST_SIZE], key[DIGEST_SIZE];
                char hex[DIGEST_HEX_SIZE + 1] = "";
                assert_int_equal(text_hex_decode(slice_str(rows[i].candidate), candidate), 0);
                assert_int_equal(ecdsa_key_from_candidate(candidate, key), rows[i].key != NULL);
                text_hex_encode(slice_of(key, sizeof(key)), hex);
                if (rows[i].key)
                        assert_string_equal(hex, rows[i].key);
        }
}

static bool verifies(EVP_PKEY *key, struct slice hex, struct slice text)
{
        uint8_t der[ECDSA_HEX_MAX / 2];
        assert_true(hex.n <= ECDSA_HEX_MAX && text_hex_decode(hex, der) == 0);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
        bool r = EVP_DigestVerify(context, der, hex.n / 2, text.p, text.n) == 1;
        EVP_MD_CTX_free(context);
        return r;
}

static void test_signature(void **state)
{
        (void)state;
        struct fixture f;
        struct error e;
        fixture_set_up(&f);
        struct digest *d = digest_new();
        struct ecdsa_cache *cache = ecdsa_cache_new();
        EVP_PKEY *key = ecdsa_cache_get(cache, d, f.plain, &e);
        assert_non_null(key);
        uint8_t public_key[65];
        size_t n = 0;
        char hex[2 * sizeof(public_key) + 1] = "";
        assert_int_equal(
            EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, public_key, sizeof(public_key), &n), 1);
        text_hex_encode(slice_of(public_key, n), hex);
        assert_string_equal(hex, PUBLIC_KEY);
        for (int i = 0; i < 50; i++) { // of all lengths that a signature has
                char signature[ECDSA_HEX_MAX];
                assert_int_equal(ecdsa_sign(key, SLICE("text"), signature, &n), 0);
                assert_true(verifies(key, slice_of(signature, n), SLICE("text")));
                assert_false(verifies(key, slice_of(signature, n), SLICE("test")));
        }
        assert_ptr_equal(ecdsa_cache_get(cache, d, f.plain, &e), key);
        assert_ptr_not_equal(ecdsa_cache_get(cache, d, f.temporary, &e), key);
        assert_ptr_equal(ecdsa_cache_get(cache, d, f.plain, &e), key);
        ecdsa_cache_free(cache);
        digest_free(d);
        fixture_tear_down(&f);
}

// More credentials than the cache holds keys for: the least recently used gives way.
static void test_eviction(void **state)
{
        (void)state;
        enum { MANY = ECDSA_CACHE_SIZE + 1 };
        struct credentials *all[MANY];
        struct error e;
        struct digest *d = digest_new();
        struct ecdsa_cache *cache = ecdsa_cache_new();
        for (size_t i = 0; i < MANY; i++) {
                const struct credentials fields = {.access_key_id = SLICE("AKIDEXAMPLE"),
                                                   .secret_access_key = SLICE(FIXTURE_SECRET),
                                                   .expires_s = CREDENTIALS_NEVER_EXPIRE};
                all[i] = credentials_new(&fields);
                assert_non_null(ecdsa_cache_get(cache, d, all[i], &e));
                if (i > 0)
                        assert_non_null(ecdsa_cache_get(cache, d, all[0], &e));
        }
        assert_non_null(all[0]->derived);
        assert_null(all[1]->derived);
        assert_non_null(all[2]->derived);
        credentials_unref(all[2]);
        assert_non_null(ecdsa_cache_get(cache, d, all[1], &e)); // in its place
        assert_non_null(all[3]->derived);
        for (size_t i = 0; i < MANY; i++)
                if (i != 2)
                        credentials_unref(all[i]);
        ecdsa_cache_free(cache);
        digest_free(d);
}

struct work {
        struct signer *signer;
        struct credentials *credentials;
};

static void sign(void *arg)
{
        struct work *w = arg;
        struct buffer out;
        struct sigv4_result result;
        struct error e;
        const struct sigv4_request request = {.method = SLICE("GET"),
                                              .url = SLICE("https://h.example/"),
                                              .payload_hash = SLICE(EMPTY_SHA256),
                                              .service = SLICE("s3"),
                                              .region_set = SLICE("*"),
                                              .time_s = FIXTURE_TIME_S};
        buffer_init(&out, LIMIT_SIGN_CANONICAL);
        assert_int_equal(sigv4_sign(w->signer, &request, w->credentials, &out, &result, &e), 0);
        buffer_free(&out);
}

// As bytes, and as the words of OpenSSL's numbers.
static void test_wiped(void **state)
{
        (void)state;
        uint8_t key[DIGEST_SIZE], words[DIGEST_SIZE];
        assert_int_equal(text_hex_decode(SLICE(PRIVATE_KEY), key), 0);
        for (size_t i = 0; i < sizeof(key); i++)
                words[i] = key[sizeof(key) - 1 - i];
        struct needle bytes = needle_take("the private key", key, sizeof(key)),
                      number = needle_take("the private key as a number", words, sizeof(words));
        const struct credentials fields = {.access_key_id = SLICE("AKIDEXAMPLE"),
                                           .secret_access_key = SLICE(FIXTURE_SECRET),
                                           .expires_s = CREDENTIALS_NEVER_EXPIRE};
        struct work w = {signer_new(), credentials_new(&fields)};
        stack_call_deep(sign, &w);
        assert_somewhere(&number);
        assert_nowhere(&bytes);
        credentials_unref(w.credentials);
        assert_nowhere(&number);
        signer_free(w.signer);
        w = (struct work){signer_new(), credentials_new(&fields)};
        stack_call_deep(sign, &w);
        signer_free(w.signer);
        assert_nowhere(&number);
        credentials_unref(w.credentials);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_derivation), cmocka_unit_test(test_candidates), cmocka_unit_test(test_signature),
            cmocka_unit_test(test_eviction),   cmocka_unit_test(test_wiped),
        };
        openssl_memory_wipe();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
