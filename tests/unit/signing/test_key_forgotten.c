// SPDX-License-Identifier: Apache-2.0
// Nothing of a secret or of the keys derived from it stays in memory after the last reference to its credentials.
#define OPENSSL_SUPPRESS_DEPRECATED // for the states that SHA-256 has inside
#include <openssl/sha.h>

#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/digest.h"
#include "sidecar/signing/key.h"
#include "sidecar/signing/sigv4.h"
#include "tests/unit/memory_scan.h"

// What must not stay: the secret, the token, the four derived keys as bytes and as OpenSSL's words; of the secret and
// of the signing key the padded blocks and the states behind them.
enum {
        SECRET,
        TOKEN,
        KEYS,
        WORDS = KEYS + 4,
        SECRET_PADS = WORDS + 4,
        KEY_PADS = SECRET_PADS + 2,
        STATES = KEY_PADS + 2,
        NEEDLES = STATES + 2
};

static struct needle needle_text(const char *what, char first)
{
        uint8_t text[40];
        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = (uint8_t)((uint8_t)first + i % 13);
        return needle_take(what, text, sizeof(text));
}

static struct needle needle_words(uint8_t key[DIGEST_SIZE])
{
        uint32_t words[DIGEST_SIZE / 4];
        memcpy(words, key, DIGEST_SIZE);
        for (size_t i = 0; i < LENGTH(words); i++)
                words[i] = __builtin_bswap32(words[i]);
        return needle_take("a derived key in a hash's state", words, sizeof(words));
}

// Two each: the block of the padded key, and SHA-256's state behind it.
static void needles_pad(struct slice key, struct needle *pads, struct needle *states)
{
        for (size_t k = 0; k < 2; k++) {
                SHA256_CTX c;
                uint8_t block[64];
                for (size_t i = 0; i < sizeof(block); i++)
                        block[i] = (i < key.n ? key.p[i] : 0) ^ (k == 0 ? 0x36 : 0x5c);
                assert_true(SHA256_Init(&c) && SHA256_Update(&c, block, sizeof(block)));
                states[k] = needle_take("the state behind a padded key", c.h, sizeof(c.h));
                pads[k] = needle_take("a padded key", block, key.n);
                explicit_bzero(&c, sizeof(c));
        }
}

static const struct sigv4_request request = {
    .method = SLICE_INIT("GET"),
    .url = SLICE_INIT("https://bkt.s3.us-east-1.amazonaws.com/a"),
    .payload_hash = SLICE_INIT("UNSIGNED-PAYLOAD"),
    .service = SLICE_INIT("s3"),
    .region = SLICE_INIT("us-east-1"),
    .time_s = 1788264000, // 2026-09-01
};

// Derives the keys with another digest, which is then gone.
static void needles_init(struct needle *needles)
{
        struct digest *d = digest_new();
        assert_non_null(d);
        needles[SECRET] = needle_text("the secret access key", 'a');
        needles[TOKEN] = needle_text("the session token", 'B');
        uint8_t secret[4 + 40] = "AWS4", key[DIGEST_SIZE];
        needle_write(&needles[SECRET], secret + 4);
        const struct slice steps[] = {SLICE("20260901"), request.region, request.service, SLICE("aws4_request")};
        struct slice with = slice_of(secret, sizeof(secret));
        for (size_t i = 0; i < LENGTH(steps); i++) {
                assert_int_equal(digest_hmac(d, with, steps[i], key), 0);
                with = slice_of(key, sizeof(key));
                needles[WORDS + i] = needle_words(key);
                uint8_t copy[DIGEST_SIZE];
                memcpy(copy, key, sizeof(copy));
                needles[KEYS + i] = needle_take("a derived key", copy, sizeof(copy));
        }
        needles_pad(slice_of(secret, sizeof(secret)), &needles[SECRET_PADS], &needles[STATES]);
        needles_pad(slice_of(key, sizeof(key)), &needles[KEY_PADS], &needles[STATES]);
        explicit_bzero(secret, sizeof(secret));
        explicit_bzero(key, sizeof(key));
        digest_free(d);
        stack_wipe();
        for (size_t i = 0; i < NEEDLES; i++)
                assert_nowhere(&needles[i]);
}

static struct credentials *make_credentials(const struct needle *needles)
{
        uint8_t secret[40], token[40];
        needle_write(&needles[SECRET], secret);
        needle_write(&needles[TOKEN], token);
        const struct credentials fields = {
            .access_key_id = SLICE("AKIDEXAMPLE"),
            .secret_access_key = slice_of(secret, sizeof(secret)),
            .session_token = slice_of(token, sizeof(token)),
            .expires_s = CREDENTIALS_NEVER_EXPIRE,
        };
        struct credentials *c = credentials_new(&fields);
        assert_non_null(c);
        explicit_bzero(secret, sizeof(secret));
        explicit_bzero(token, sizeof(token));
        return c;
}

struct work {
        struct signer *signer;
        struct digest *digest;
        struct key_cache *cache;
        struct credentials *credentials;
};

static void sign(void *arg)
{
        struct work *w = arg;
        struct buffer out;
        struct sigv4_result result;
        struct error e;
        buffer_init(&out, LIMIT_SIGN_CANONICAL);
        assert_int_equal(sigv4_sign(w->signer, &request, w->credentials, &out, &result, &e), 0);
        buffer_reset(&out);
        assert_int_equal(sigv4_presign(w->signer, &request, w->credentials, 60, &out, &e), 0);
        buffer_free(&out);
}

static void nothing_stays_after_the_last_reference(void **state)
{
        (void)state;
        struct needle needles[NEEDLES];
        needles_init(needles);
        struct work w = {.signer = signer_new(), .credentials = make_credentials(needles)};
        assert_non_null(w.signer);
        stack_call_deep(sign, &w);
        assert_somewhere(&needles[SECRET]);
        assert_somewhere(&needles[TOKEN]);
        assert_somewhere(&needles[STATES]);
        assert_somewhere(&needles[STATES + 1]);
        for (size_t i = KEYS; i < STATES; i++) // of the derived keys only the states are kept
                assert_nowhere(&needles[i]);
        assert_ptr_equal(credentials_ref(w.credentials), w.credentials);
        credentials_unref(w.credentials);
        assert_somewhere(&needles[STATES]);
        credentials_unref(w.credentials);
        for (size_t i = 0; i < NEEDLES; i++)
                assert_nowhere(&needles[i]);
        signer_free(w.signer);
}

static void nothing_stays_after_the_signer(void **state)
{
        (void)state;
        struct needle needles[NEEDLES];
        needles_init(needles);
        struct work w = {.signer = signer_new(), .credentials = make_credentials(needles)};
        assert_non_null(w.signer);
        stack_call_deep(sign, &w);
        signer_free(w.signer);
        for (size_t i = KEYS; i < NEEDLES; i++)
                assert_nowhere(&needles[i]);
        credentials_unref(w.credentials);
        assert_nowhere(&needles[SECRET]);
}

static void get_key(void *arg)
{
        struct work *w = arg;
        struct signing_key key;
        struct error e;
        const struct key_scope scope = {SLICE("20260901"), request.region, request.service};
        assert_int_equal(key_cache_get(w->cache, w->digest, w->credentials, &scope, &key, &e), 0);
}

// What nothing has overwritten since: neither the stack of the derivation nor the contexts it worked with.
static void derivation_leaves_only_the_states_of_the_key(void **state)
{
        (void)state;
        struct needle needles[NEEDLES];
        needles_init(needles);
        struct work w = {.digest = digest_new(), .cache = key_cache_new(), .credentials = make_credentials(needles)};
        assert_non_null(w.digest);
        assert_non_null(w.cache);
        stack_call_deep(get_key, &w);
        assert_int_equal(memory_count(&needles[SECRET]), 1);
        assert_somewhere(&needles[STATES]);
        for (size_t i = KEYS; i < STATES; i++)
                assert_nowhere(&needles[i]);
        credentials_unref(w.credentials);
        key_cache_free(w.cache);
        digest_free(w.digest);
}

struct preparation {
        struct digest *digest;
        uint8_t bytes[DIGEST_SIZE];
        struct digest_key *key;
};

static void prepare(void *arg)
{
        struct preparation *p = arg;
        p->key = digest_key_new(p->digest, slice_of(p->bytes, sizeof(p->bytes)));
}

static void prepared_key_is_only_its_states(void **state)
{
        (void)state;
        struct needle needles[NEEDLES];
        needles_init(needles);
        const struct needle *signing_key = &needles[KEYS + 3];
        struct preparation p = {.digest = digest_new()};
        assert_non_null(p.digest);
        needle_write(signing_key, p.bytes);
        assert_somewhere(signing_key);
        stack_call_deep(prepare, &p);
        explicit_bzero(p.bytes, sizeof(p.bytes));
        assert_non_null(p.key);
        assert_nowhere(signing_key);
        assert_somewhere(&needles[STATES]);
        assert_somewhere(&needles[STATES + 1]);
        digest_key_free(p.key);
        digest_free(p.digest);
        assert_nowhere(&needles[STATES]);
        assert_nowhere(&needles[STATES + 1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(nothing_stays_after_the_last_reference),
            cmocka_unit_test(nothing_stays_after_the_signer),
            cmocka_unit_test(derivation_leaves_only_the_states_of_the_key),
            cmocka_unit_test(prepared_key_is_only_its_states),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
