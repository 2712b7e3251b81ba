// SPDX-License-Identifier: Apache-2.0
// Known answers for CreateSession requests. The keys behind these certificates are gone: that our text to sign is right
// shows in that the recorded signatures verify over it.

#include <openssl/pem.h>

#include "proto/mem/text.h"
#include "sidecar/signing/x509_internal.h"
#include "tests/unit/unit.h"

#define TIME_S 1795262400 // 2026-11-21T12:00:00Z

static const char leaf_rsa[] =
    "MIICdTCCAhygAwIBAgIRAPHi08S1ppeIeWpbTD0uHwEwCgYIKoZIzj0EAwIwHTEbMBkGA1UEAwwSVEhST1dBV0FZIFRFU1Qg"
    "SU5UMCAXDTI2MTEyMTA1NDcwMFoYDzIxMjYxMDI4MDU0NzAwWjAYMRYwFAYDVQQDDA10aHJvd2F3YXktcnNhMIIBIjANBgkq"
    "hkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuHpZNp/n1DF7JB0qUElVTUW1mwBzrKjn6/Uzru0umyozY/a+DwgG9ZgcFT2covdj"
    "dOlVT6pu4EbafmJxganiifeLCJd0gfhFS2KzRZLsZjbmfh9INnzNeOpI+u4947gKfm0iRcVb4NdJszs8mS6/uJgVnTL3oaYQ"
    "DkL6wUx+MonckX2u5s6sQ9UTbBeqYkBZY+PpOLvytVH8nMstXdK1ui9B1c7NeLEMP7Ss+RuI+hc5NEmnQiqSxRAmZZIXSoPy"
    "MtnNmXTJeWJWM4tl7RqWrH16Hac7YmRL+SzyWxMNAy+D3E18zfNolgJEK5kxs0IjdtWCx20fUSMVoIBVngHTEwIDAQABo3Uw"
    "czAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDAjAfBgNVHSMEGDAWgBT3+zMtA4Yx"
    "qVRdShN/t7I5CsRA1jAdBgNVHQ4EFgQUHl3JYxrCt8eU5NkrIK/22lKVy7IwCgYIKoZIzj0EAwIDRwAwRAIfPsbLFZuNvinC"
    "qkXVx6p7nfMgbWvpVxyx4iZLLa+0KgIhAI2FrCbD1doMTOHfz+2nCZBhBnV6L7seZ4JWf5kY9r36";

static const char leaf_ec[] =
    "MIIBmzCCAUGgAwIBAgICEAAwCgYIKoZIzj0EAwIwHTEbMBkGA1UEAwwSVEhST1dBV0FZIFRFU1QgSU5UMCAXDTI2MTEyMTA1"
    "NDcwMFoYDzIxMjYxMDI4MDU0NzAwWjAXMRUwEwYDVQQDDAx0aHJvd2F3YXktZWMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC"
    "AAQhO0oIJZyWdAUaEtYkiYfMaRfToPVyuEbSA/VEOvI2zYvFTWy+uo7zu9hwGQ7R0bDvsZvqwzCvgnbX/6iRqb43o3UwczAM"
    "BgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDAjAfBgNVHSMEGDAWgBT3+zMtA4YxqVRd"
    "ShN/t7I5CsRA1jAdBgNVHQ4EFgQUhq0QlOsnkA/wQqqmZHxQQENkXZIwCgYIKoZIzj0EAwIDSAAwRQIhAIFChdylP513vbyK"
    "sOSNIBrcxpTV3RfQ/+ObMU5sCK2tAiBKB1s3qmngXEmb0IuuRQm2qaezZA68S3AbZXqFNsoXNQ==";

static const char intermediate[] =
    "MIIBkTCCATigAwIBAgIBAjAKBggqhkjOPQQDAjAeMRwwGgYDVQQDDBNUSFJPV0FXQVkgVEVTVCBST09UMCAXDTI2MTEyMTA1"
    "NDcwMFoYDzIxMjYxMDI4MDU0NzAwWjAdMRswGQYDVQQDDBJUSFJPV0FXQVkgVEVTVCBJTlQwWTATBgcqhkjOPQIBBggqhkjO"
    "PQMBBwNCAARaGWr2VCePYAXdSjK6bZLp2+3Vvm3LPwgoTvBoruT/wID26zscIIHaCGtSEH8xs4JKDrPBnEC9teZFNn1oRn9G"
    "o2YwZDASBgNVHRMBAf8ECDAGAQH/AgEAMA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQU9/szLQOGMalUXUoTf7eyOQrEQNYw"
    "HwYDVR0jBBgwFoAUHoggPikYYOnmT0C/wQXhs0apvzswCgYIKoZIzj0EAwIDRwAwRAIgWhmIqe1mWx8mQCfOjhBh0+f4nXq4"
    "Nh0cb2oBg1n3WFwCIE/d2sHFM1mZ/mYUv7bt5jwjMMCgtiGYmAXoWx4tvQuy";

static const char rsa_signature[] =
    "1d807e4e72cd4ad58421dda98c83f568587d75014fbbe84223f13614fb1292a710419b1e664620b0b4e1b44691e50f93"
    "e974f9db338a4fc2481de0c4b908405940a3a83dd74f256c7e909a27203b19d1e946dc1740d2987a461d3c34f52e4770"
    "87225d5cc725ee3ea0233b1bdb27cf115fd2f2b2eb2b14e21a3ca1f45f8a85da6e0c0f64281e493dfa64cb4366575a8a"
    "9c36fdaf7a4497e3ed3ce4f1652334913576b7a6bfbf70dec98f51d9eabdcad00c0b31cdd56b7db22ef03cf4b6a70ceb"
    "584ae7e523194f140f73b487665c0a3713891b7536655ad7e4e2cc6a097e047aa3e71e1d91c9853cd7012ad7eecbe5aa"
    "edf2c0b327e6a88906e4123a73c2f528";

static const char rsa_query_signature[] =
    "9c789a2b9c0df91bc7172a5e800d9623cc3129dd1c88da6e22944869068d3a0c6a8d6ef420ec3b0a402d6effe68cbd0d"
    "7fe6bd0a00052837166205fb013c309e1699d97669f058b89a24aeeda68e9966a501be2be29384c63e48147b45cb586c"
    "dfb230921757f34db3c501ec107aac051d766e0d26d252bec05af208b0a8e30431edc3c2dd3aca1cc0e24f54e5b6ff96"
    "ffaf576543f449fd2a7b13ce57555141f059a66587e18052dd2424930733c79a91fd6815fda47f7720d6d1e66d9a1c3b"
    "a5b55975c37fe8fb533263088be690255ff995c2585d5df9c0cb6616c64d43b4df66862d79d7d1354182537ed2745685"
    "c2252d18ed45b4b79f92bf75d322cbb8";

static const char ec_signature[] =
    "3045022009c3e0eea2fdd264821fc7558cb0bf83d070b1e5d6e11508abe27df6c18ac026022100928290755eabd6e5f6"
    "e9e47a806461182528ae88ef033c25a6bb3c1139ec5671";

static X509 *decode(const char *base64)
{
        struct buffer der;
        buffer_init(&der, 4096);
        assert_int_equal(text_base64_decode(slice_str(base64), &der), 0);
        const unsigned char *at = der.p;
        X509 *certificate = d2i_X509(NULL, &at, (long)der.n);
        assert_non_null(certificate);
        buffer_free(&der);
        return certificate;
}

static bool verifies(X509 *certificate, struct slice text, const char *hex)
{
        uint8_t signature[512];
        assert_int_equal(text_hex_decode(slice_str(hex), signature), 0);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, X509_get0_pubkey(certificate)) == 1 &&
                    EVP_DigestVerify(context, signature, strlen(hex) / 2, text.p, text.n) == 1;
        EVP_MD_CTX_free(context);
        return good;
}

// An identity without its private key.
static void fill(struct x509_identity *identity, X509 *certificate, const char *chain)
{
        struct error e;
        *identity = (struct x509_identity){.algorithm = x509_algorithm_of(X509_get0_pubkey(certificate))};
        buffer_init(&identity->leaf, 1 << 16);
        buffer_init(&identity->chain, 1 << 16);
        buffer_put_str(&identity->chain, chain);
        assert_int_equal(x509_put_base64(certificate, &identity->leaf), 0);
        assert_int_equal(x509_describe(certificate, identity, &e), 0);
}

// What a test signs with: a leaf of the vectors, without its private key, and what came out.
struct signing {
        struct signer *signer;
        X509 *certificate;
        struct x509_identity identity;
        struct signing_texts text;
        struct error e;
};

static void signing_begin(struct signing *s, const char *leaf, const char *chain)
{
        s->signer = signer_new();
        s->certificate = decode(leaf);
        fill(&s->identity, s->certificate, chain);
}

static int prepare(struct signing *s, const struct x509_request *request)
{
        return x509_prepare(s->signer, &s->identity, request, &s->text, &s->e);
}

static void signing_end(struct signing *s)
{
        buffer_free(&s->identity.leaf);
        buffer_free(&s->identity.chain);
        free(s->identity.serial);
        free(s->identity.subject);
        X509_free(s->certificate);
        signer_free(s->signer);
}

static void assert_hash(struct signer *s, struct slice text, const char *expected)
{
        char hash[DIGEST_HEX_SIZE + 1] = {0};
        struct error e;
        assert_int_equal(sigv4_payload_hash(s, text, hash, &e), 0);
        assert_string_equal(hash, expected);
}

static const struct x509_request create_session = {
    .host = SLICE_INIT("rolesanywhere.us-east-1.amazonaws.com"),
    .path = SLICE_INIT("/sessions"),
    .body = SLICE_INIT("{\"durationSeconds\":3600,\"profileArn\":\"arn:aws:rolesanywhere:us-east-1:111122223333:profile"
                       "/0a1b2c3d-7777-8888-9999-aaaabbbbcccc\",\"roleArn\":\"arn:aws:iam::111122223333:role/gw/Bedroc"
                       "k-Role\",\"trustAnchorArn\":\"arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0a1b2c"
                       "3d-1111-2222-3333-444455556666\"}"),
    .region = SLICE_INIT("us-east-1"),
    .time_s = TIME_S,
};

static void test_create_session(void **state)
{
        static const struct {
                const char *leaf, *algorithm, *serial, *hash, *signature;
                size_t canonical_n;
        } rows[] = {
            {leaf_rsa, "AWS4-X509-RSA-SHA256", "321521701247558003770699513734837968641",
             "9308710cf160ead5633ccaeee816ebdddb210b0cd4944fdbc740d109dd4ec8fa", rsa_signature, 1078},
            {leaf_ec, "AWS4-X509-ECDSA-SHA256", "4096",
             "d15ead086c8f54fd1243086da9051a17f69d16b780e53cb6cd24eb25ca7875da", ec_signature, 790},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct signing s;
                signing_begin(&s, rows[i].leaf, "");
                assert_string_equal(s.identity.algorithm->name, rows[i].algorithm);
                assert_string_equal(s.identity.serial, rows[i].serial);
                assert_slice(buffer_slice(&s.identity.leaf), rows[i].leaf);
                assert_int_equal(prepare(&s, &create_session), 0);
                assert_int_equal(s.text.canonical_request.n, rows[i].canonical_n);
                assert_slice(s.text.signed_headers, "content-type;host;x-amz-date;x-amz-x509");
                assert_true(verifies(s.certificate, s.text.string_to_sign, rows[i].signature));
                assert_hash(s.signer, s.text.canonical_request, rows[i].hash);
                signing_end(&s);
        }
}

static void test_chain_is_signed(void **state)
{
        (void)state;
        struct signing s;
        signing_begin(&s, leaf_ec, intermediate);
        assert_int_equal(prepare(&s, &create_session), 0);
        assert_slice(s.text.signed_headers, "content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain");
        assert_false(verifies(s.certificate, s.text.string_to_sign, ec_signature));
        signing_end(&s);
}

static void test_refused(void **state)
{
        (void)state;
        struct signing s;
        signing_begin(&s, leaf_ec, "");
        struct x509_request request = create_session;
        request.region = SLICE("");
        assert_int_equal(prepare(&s, &request), -1);
        assert_int_equal(s.e.kind, ERROR_CONFIG);
        request = create_session;
        request.time_s = -1;
        assert_int_equal(prepare(&s, &request), -1);
        assert_int_equal(s.e.kind, ERROR_CONFIG);
        signing_end(&s);
}

// The form with the ARNs in the query and the headers of an SDK: the canonical request alone.
static void test_query_form(void **state)
{
        static const char query[] =
            "trustAnchorArn=arn%3Aaws%3Arolesanywhere%3Aus-east-1%3A111122223333%3Atrust-anchor%2F"
            "0a1b2c3d-1111-2222-3333-444455556666"
            "&roleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fgw%2FMy%2BRole%2Ca%40b_c"
            "&profileArn=arn%3Aaws%3Arolesanywhere%3Aus-east-1%3A111122223333%3Aprofile%2F"
            "0a1b2c3d-7777-8888-9999-aaaabbbbcccc";
        static const struct header list[] = {
            {SLICE_INIT("Amz-Sdk-Request"), SLICE_INIT("attempt=1; max=3")},
            {SLICE_INIT("X-Amz-X509-Chain"), {(const uint8_t *)intermediate, sizeof(intermediate) - 1}},
            {SLICE_INIT("X-Amz-X509"), {(const uint8_t *)leaf_rsa, sizeof(leaf_rsa) - 1}},
            {SLICE_INIT("X-Amz-Date"), SLICE_INIT("20261121T120000Z")},
            {SLICE_INIT("Host"), SLICE_INIT("rolesanywhere.us-east-1.amazonaws.com")},
            {SLICE_INIT("Content-Type"), SLICE_INIT("application/json")},
            {SLICE_INIT("Amz-Sdk-Invocation-Id"), SLICE_INIT("00000000-0000-4000-8000-000000000000")},
        };
        (void)state;
        struct signer *s = signer_new();
        struct canonical_headers headers;
        canonical_headers_init(&headers);
        for (size_t i = 0; i < LENGTH(list); i++)
                canonical_headers_add(&headers, list[i].name, list[i].value, CANONICAL_VALUE_BLANKS);
        const struct canonical_request request = {
            .method = SLICE("POST"),
            .path = SLICE("/sessions"),
            .query = slice_str(query),
            .headers = &headers,
            .payload_hash = SLICE("c9d3bc27298a0ee01cf559749473ca4f49f8c1636e144aee241d5e5a7d706219"),
        };
        uint8_t *room = calloc(1, canonical_request_bound(&request));
        struct slice names;
        struct slice text = slice_of(room, (size_t)(canonical_request_put(room, &request, &names) - room));
        assert_int_equal(text.n, 2093);
        assert_hash(s, text, "1dea97d86f9fef7f7e34b5aca2cb52b582eca2cd77440f0e2609b0283ee015c8");
        X509 *certificate = decode(leaf_rsa);
        assert_true(verifies(certificate,
                             SLICE("AWS4-X509-RSA-SHA256\n20261121T120000Z\n"
                                   "20261121/us-east-1/rolesanywhere/aws4_request\n"
                                   "1dea97d86f9fef7f7e34b5aca2cb52b582eca2cd77440f0e2609b0283ee015c8"),
                             rsa_query_signature));
        X509_free(certificate);
        free(room);
        signer_free(s);
}

// The whole header value, with a key made here.
static void test_authorization(void **state)
{
        (void)state;
        struct signing s;
        struct buffer out;
        char amz_date[17];
        buffer_init(&out, 4096);
        signing_begin(&s, leaf_ec, "");
        struct x509_key key = {.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")};
        s.identity.key = &key;
        assert_int_equal(X509_set_pubkey(s.certificate, key.pkey), 1);
        buffer_put_str(&out, "authorization: ");
        assert_int_equal(x509_sign_request(s.signer, &s.identity, &create_session, amz_date, &out, &s.e), 0);
        assert_string_equal(amz_date, "20261121T120000Z");
        const struct slice start = SLICE(
            "authorization: AWS4-X509-ECDSA-SHA256 Credential=4096/20261121/us-east-1/rolesanywhere/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-x509, Signature=");
        assert_true(slice_starts_with(buffer_slice(&out), start));
        assert_int_equal(prepare(&s, &create_session), 0);
        assert_true(verifies(s.certificate, s.text.string_to_sign, buffer_c_str(&out) + start.n));
        EVP_PKEY_free(key.pkey);
        buffer_free(&out);
        signing_end(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_create_session), cmocka_unit_test(test_chain_is_signed),
            cmocka_unit_test(test_refused),        cmocka_unit_test(test_query_form),
            cmocka_unit_test(test_authorization),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
