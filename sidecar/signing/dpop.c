// SPDX-License-Identifier: Apache-2.0
// The algorithm is ES256 (RFC 7518, section 3.4), whose signature is the two numbers side by side, not ASN.1.
#include "sidecar/signing/dpop.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <string.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"

enum { NUMBER_SIZE = 32, UUID_BYTES = 16, UUID_SIZE = 37, PART_MAX = LIMIT_TOKEN_FILE };

// Without a callback, OpenSSL would ask for a passphrase on the terminal.
static int give_no_passphrase(char *to, int size, int is_writing, void *arg)
{
        (void)to, (void)size, (void)is_writing, (void)arg;
        return -1;
}

static EVP_PKEY *read_key(struct slice pem, const char **what)
{
        char curve[16] = "";
        BIO *bio = pem.n <= LIMIT_KEY_FILE ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
        EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_no_passphrase, NULL) : NULL;
        BIO_free(bio);
        if (key && EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) &&
            strcmp(curve, "prime256v1") == 0)
                return key;
        *what = key ? "the DPoP key is not on the curve P-256" : "the DPoP key is not a private key in PEM";
        EVP_PKEY_free(key);
        ERR_clear_error();
        return NULL;
}

const char *dpop_judge_key(struct slice pem)
{
        const char *what = NULL;
        EVP_PKEY_free(read_key(pem, &what));
        return what;
}

static int put_json(const struct buffer *json, struct buffer *out)
{
        return json->failed ? -1 : text_base64url_encode(buffer_slice(json), out);
}

static int put_number(const BIGNUM *number, uint8_t *to)
{
        return BN_bn2binpad(number, to, NUMBER_SIZE) == NUMBER_SIZE ? 0 : -1;
}

static int put_coordinate(const EVP_PKEY *key, const char *name, const char *member, struct buffer *json)
{
        uint8_t bytes[NUMBER_SIZE];
        struct buffer text;
        BIGNUM *number = NULL;
        buffer_init(&text, (size_t)2 * NUMBER_SIZE);
        int r = EVP_PKEY_get_bn_param(key, name, &number) == 1 ? put_number(number, bytes) : -1;
        if (r == 0)
                r = text_base64url_encode(slice_of(bytes, sizeof(bytes)), &text);
        if (r == 0)
                json_member(json, member, buffer_slice(&text));
        BN_free(number);
        buffer_free(&text);
        return r;
}

static int put_header(const EVP_PKEY *key, struct buffer *out)
{
        struct buffer json;
        buffer_init(&json, PART_MAX);
        json_begin_object(&json);
        json_member(&json, "typ", SLICE("dpop+jwt"));
        json_member(&json, "alg", SLICE("ES256"));
        json_key(&json, "jwk");
        json_begin_object(&json);
        json_member(&json, "kty", SLICE("EC"));
        json_member(&json, "crv", SLICE("P-256"));
        int r = put_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, "x", &json);
        if (r == 0)
                r = put_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, "y", &json);
        json_end_object(&json);
        json_end_object(&json);
        if (r == 0)
                r = put_json(&json, out);
        buffer_free(&json);
        return r;
}

// RFC 9562, version 4.
static int make_uuid(char out[UUID_SIZE])
{
        static const size_t groups[] = {4, 2, 2, 2, 6};
        uint8_t bytes[UUID_BYTES];
        if (RAND_bytes(bytes, sizeof(bytes)) != 1)
                return -1;
        bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
        bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
        const uint8_t *from = bytes;
        for (size_t i = 0; i < LENGTH(groups); i++) {
                if (i > 0)
                        *out++ = '-';
                text_hex_encode(slice_of(from, groups[i]), out);
                out += 2 * groups[i];
                from += groups[i];
        }
        *out = '\0';
        return 0;
}

static int put_claims(const struct dpop_request *request, struct buffer *out)
{
        char id[UUID_SIZE];
        struct buffer json;
        if (make_uuid(id) < 0)
                return -1;
        buffer_init(&json, PART_MAX);
        json_begin_object(&json);
        json_member(&json, "jti", slice_str(id));
        json_member(&json, "htm", slice_str(request->method));
        json_member(&json, "htu", slice_str(request->url));
        json_member_i64(&json, "iat", request->time_s);
        json_end_object(&json);
        int r = put_json(&json, out);
        buffer_free(&json);
        return r;
}

// Converts the ASN.1 signature to two numbers, each of the curve's size.
static int put_signature(const uint8_t *der, size_t der_n, struct buffer *out)
{
        uint8_t both[2 * NUMBER_SIZE];
        ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)der_n);
        int r = -1;
        if (signature && put_number(ECDSA_SIG_get0_r(signature), both) == 0 &&
            put_number(ECDSA_SIG_get0_s(signature), both + NUMBER_SIZE) == 0)
                r = text_base64url_encode(slice_of(both, sizeof(both)), out);
        ECDSA_SIG_free(signature);
        return r;
}

static int sign(EVP_PKEY *key, struct slice text, struct buffer *out)
{
        uint8_t der[2 * NUMBER_SIZE + 16];
        size_t n = sizeof(der);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        int r = -1;
        if (context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
            EVP_DigestSign(context, der, &n, text.p, text.n) == 1)
                r = put_signature(der, n, out);
        EVP_MD_CTX_free(context);
        return r;
}

static int put_proof(EVP_PKEY *key, const struct dpop_request *request, struct buffer *out)
{
        struct buffer text; // not in *out, whose memory may move while its bytes are signed
        buffer_init(&text, PART_MAX);
        int r = put_header(key, &text);
        if (r == 0)
                r = buffer_put_byte(&text, '.');
        if (r == 0)
                r = put_claims(request, &text);
        if (r == 0 && (buffer_put(out, buffer_slice(&text)) < 0 || buffer_put_byte(out, '.') < 0))
                r = -1;
        if (r == 0)
                r = sign(key, buffer_slice(&text), out);
        buffer_free(&text);
        return r;
}

int dpop_prove(struct slice pem, const struct dpop_request *request, struct buffer *out, const char **what)
{
        ERR_clear_error();
        EVP_PKEY *key = read_key(pem, what);
        if (!key)
                return -1;
        int r = put_proof(key, request, out);
        if (r < 0)
                *what = "the DPoP proof could not be made";
        EVP_PKEY_free(key);
        ERR_clear_error();
        return r;
}
