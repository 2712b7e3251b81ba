// SPDX-License-Identifier: Apache-2.0
// Proofs, taken apart and verified with a public key that is made of nothing but what is in them.
#include "sidecar/signing/dpop.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/mem/text.h"
#include "proto/wire/json_read.h"

enum { TEXT_MAX = 8192, MANY = 300 };

static const struct dpop_request request = {"POST", "https://us-east-1.signin.aws.amazon.com/v1/token", 1798765200};

enum form { SEC1, PKCS8, ENCRYPTED };

static void put_pem(EVP_PKEY *key, enum form form, struct buffer *out)
{
        char *text = NULL;
        BIO *bio = BIO_new(BIO_s_mem());
        assert_non_null(bio);
        if (form == SEC1)
                assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL), 1);
        else if (form == PKCS8)
                assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
        else
                assert_int_equal(
                    PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), (char *)"pw", 2, NULL, NULL), 1);
        long n = BIO_get_mem_data(bio, &text);
        assert_true(n > 0);
        buffer_reset(out);
        assert_int_equal(buffer_put(out, slice_of((const uint8_t *)text, (size_t)n)), 0);
        BIO_free(bio);
}

static void make_pem(const char *curve, enum form form, struct buffer *out)
{
        EVP_PKEY *key = EVP_EC_gen(curve);
        assert_non_null(key);
        put_pem(key, form, out);
        EVP_PKEY_free(key);
}

// Up to the next dot, decoded.
static void decode(struct slice *rest, struct buffer *out)
{
        struct buffer standard;
        size_t n = slice_find(*rest, '.');
        buffer_init(&standard, TEXT_MAX);
        buffer_reset(out);
        for (size_t i = 0; i < n; i++) {
                uint8_t c = rest->p[i];
                assert_true(c != '+' && c != '/' && c != '=');
                (void)buffer_put_byte(&standard, c == '-' ? '+' : c == '_' ? '/' : c);
        }
        while (standard.n % 4)
                (void)buffer_put_byte(&standard, '=');
        assert_int_equal(text_base64_decode(buffer_slice(&standard), out), 0);
        buffer_free(&standard);
        *rest = slice_from(*rest, n < rest->n ? n + 1 : n);
}

static void take_coordinate(const struct json_doc *doc, size_t jwk, const char *name, uint8_t to[32])
{
        struct slice rest = json_raw(doc, json_get(doc, jwk, slice_str(name)));
        struct buffer bytes;
        buffer_init(&bytes, 64);
        decode(&rest, &bytes);
        assert_int_equal(bytes.n, 32); // also where it begins with zeros
        memcpy(to, bytes.p, 32);
        buffer_free(&bytes);
}

static EVP_PKEY *public_key(const struct json_doc *doc)
{
        uint8_t point[65] = {4};
        size_t jwk = json_get(doc, JSON_ROOT, SLICE("jwk"));
        assert_int_equal(json_length(doc, jwk), 4); // nothing private
        assert_true(json_string_is(doc, json_get(doc, jwk, SLICE("kty")), SLICE("EC")));
        assert_true(json_string_is(doc, json_get(doc, jwk, SLICE("crv")), SLICE("P-256")));
        take_coordinate(doc, jwk, "x", point + 1);
        take_coordinate(doc, jwk, "y", point + 33);
        OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
            OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
            OSSL_PARAM_construct_end(),
        };
        EVP_PKEY *key = NULL;
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
        assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
        EVP_PKEY_CTX_free(context);
        return key;
}

static void verify(EVP_PKEY *key, struct slice text, struct slice signature)
{
        uint8_t *der = NULL;
        assert_int_equal(signature.n, 64);
        ECDSA_SIG *pair = ECDSA_SIG_new();
        assert_int_equal(ECDSA_SIG_set0(pair, BN_bin2bn(signature.p, 32, NULL), BN_bin2bn(signature.p + 32, 32, NULL)),
                         1);
        int n = i2d_ECDSA_SIG(pair, &der);
        assert_true(n > 0);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
        assert_int_equal(EVP_DigestVerify(context, der, (size_t)n, text.p, text.n), 1);
        EVP_MD_CTX_free(context);
        ECDSA_SIG_free(pair);
        OPENSSL_free(der);
}

static bool text_is(const struct json_doc *doc, const char *key, const char *text)
{
        return json_string_is(doc, json_get(doc, JSON_ROOT, slice_str(key)), slice_str(text));
}

// The ID of a proof that holds.
static void check(struct slice proof, char id[37])
{
        struct slice rest = proof;
        struct buffer part;
        struct json_doc doc;
        struct json_fault fault;
        int64_t time_s = 0;
        buffer_init(&part, TEXT_MAX);
        json_doc_init(&doc);
        decode(&rest, &part);
        assert_int_equal(json_parse(&doc, buffer_slice(&part), &fault), 0);
        assert_int_equal(json_length(&doc, JSON_ROOT), 3);
        assert_true(text_is(&doc, "typ", "dpop+jwt") && text_is(&doc, "alg", "ES256"));
        EVP_PKEY *key = public_key(&doc);
        decode(&rest, &part);
        assert_int_equal(json_parse(&doc, buffer_slice(&part), &fault), 0);
        assert_int_equal(json_length(&doc, JSON_ROOT), 4);
        assert_true(text_is(&doc, "htm", request.method) && text_is(&doc, "htu", request.url));
        assert_int_equal(json_integer(&doc, json_get(&doc, JSON_ROOT, SLICE("iat")), &time_s), 0);
        assert_int_equal(time_s, request.time_s);
        struct slice raw = json_raw(&doc, json_get(&doc, JSON_ROOT, SLICE("jti")));
        assert_int_equal(raw.n, 36);
        memcpy(id, raw.p, 36);
        id[36] = '\0';
        assert_true(id[14] == '4' && strchr("89ab", id[19]));
        struct slice text = slice_head(proof, proof.n - rest.n - 1);
        decode(&rest, &part);
        assert_int_equal(rest.n, 0);
        verify(key, text, buffer_slice(&part));
        EVP_PKEY_free(key);
        json_doc_free(&doc);
        buffer_free(&part);
}

// Many keys and signatures: each of the four numbers begins with a zero byte once in 256 times.
static void proofs_hold(void **state)
{
        (void)state;
        char id[37], before[37] = "";
        struct buffer pem, proof;
        buffer_init(&pem, TEXT_MAX);
        buffer_init(&proof, TEXT_MAX);
        for (int i = 0; i < MANY; i++) {
                const char *what = NULL;
                make_pem("P-256", i % 2 ? PKCS8 : SEC1, &pem);
                assert_null(dpop_judge_key(buffer_slice(&pem)));
                buffer_reset(&proof);
                assert_int_equal(dpop_prove(buffer_slice(&pem), &request, &proof, &what), 0);
                check(buffer_slice(&proof), id);
                assert_string_not_equal(id, before);
                memcpy(before, id, sizeof(id));
        }
        buffer_free(&pem);
        buffer_free(&proof);
}

static void other_keys_are_refused(void **state)
{
        (void)state;
        struct buffer pem, proof;
        const char *what = NULL;
        buffer_init(&pem, TEXT_MAX);
        buffer_init(&proof, TEXT_MAX);
        make_pem("P-384", SEC1, &pem);
        assert_non_null(strstr(dpop_judge_key(buffer_slice(&pem)), "P-256"));
        assert_int_equal(dpop_prove(buffer_slice(&pem), &request, &proof, &what), -1);
        assert_int_equal(proof.n, 0);
        EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        put_pem(key, PKCS8, &pem);
        assert_non_null(dpop_judge_key(buffer_slice(&pem)));
        EVP_PKEY_free(key);
        make_pem("P-256", ENCRYPTED, &pem);
        assert_non_null(dpop_judge_key(buffer_slice(&pem))); // and nobody is asked for a passphrase
        make_pem("P-256", SEC1, &pem);
        assert_non_null(dpop_judge_key(slice_head(buffer_slice(&pem), pem.n / 2)));
        assert_non_null(dpop_judge_key(SLICE("")));
        assert_non_null(dpop_judge_key(SLICE("-----BEGIN EC PRIVATE KEY-----\n\n-----END EC PRIVATE KEY-----\n")));
        buffer_free(&pem);
        buffer_free(&proof);
}

static void no_space(void **state)
{
        (void)state;
        struct buffer pem, proof;
        buffer_init(&pem, TEXT_MAX);
        make_pem("P-256", SEC1, &pem);
        for (size_t room = 0; room < 300; room += 50) {
                const char *what = NULL;
                buffer_init(&proof, room);
                assert_int_equal(dpop_prove(buffer_slice(&pem), &request, &proof, &what), -1);
                assert_non_null(what);
                buffer_free(&proof);
        }
        buffer_free(&pem);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(proofs_hold),
            cmocka_unit_test(other_keys_are_refused),
            cmocka_unit_test(no_space),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
