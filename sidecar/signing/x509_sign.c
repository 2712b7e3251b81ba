// SPDX-License-Identifier: Apache-2.0
// Signing with an identity's key. The string to sign is signed itself: no derived key and no HMAC, and SHA-256 whatever
// the curve (IAM Roles Anywhere User Guide, "Signing process"). A key of a hardware token may block here.
#include <openssl/err.h>
#include <stdlib.h>

#include "proto/mem/text.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/x509_internal.h"

#define SERVICE SLICE("rolesanywhere")

static int signing_failed(const struct x509_identity *identity, struct error *e)
{
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        if (x509_token_has_refused(identity->key)) {
                error_set(e, ERROR_DENIED, "the TPM refused the passphrase of the private key of subject %s, serial %s",
                          identity->subject, identity->serial);
                return error_hint(e,
                                  "check private_key_passphrase_file, and that the URI of a handle ends in ?pass; the "
                                  "agent does not try it again until file or configuration change, as TPMs lock "
                                  "themselves");
        }
        error_set(e, ERROR_INTERNAL, "the private key of subject %s, serial %s could not sign: %s", identity->subject,
                  identity->serial, reason ? reason : "no reason given");
        return error_hint(e, "check that the token or provider that holds the key is still reachable");
}

static int put_signature(EVP_MD_CTX *context, const struct x509_identity *identity, struct slice text,
                         struct buffer *out)
{
        size_t n = 0;
        const struct x509_key *key = identity->key;
        const char *query = key->context.library ? key->context.query : NULL; // the key's own provider signs
        if (!EVP_DigestSignInit_ex(context, NULL, identity->algorithm->digest, key->context.library, query, key->pkey,
                                   NULL) ||
            !EVP_DigestSign(context, NULL, &n, text.p, text.n))
                return -1;
        uint8_t *signature = malloc(n);
        int r = -1;
        if (signature && EVP_DigestSign(context, signature, &n, text.p, text.n)) {
                char *hex = (char *)buffer_reserve(out, 2 * n);
                if (hex) {
                        text_hex_encode(slice_of(signature, n), hex);
                        buffer_commit(out, 2 * n);
                        r = 0;
                }
        }
        free(signature);
        return r;
}

int x509_identity_sign(const struct x509_identity *identity, struct slice text, struct buffer *out, struct error *e)
{
        ERR_clear_error();
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        int r = context ? put_signature(context, identity, text, out) : -1;
        EVP_MD_CTX_free(context);
        if (r == 0)
                return 0;
        x509_engine_distrust(identity->key->engine);
        return signing_failed(identity, e);
}

int x509_prepare(struct signer *s, const struct x509_identity *identity, const struct x509_request *request,
                 struct signing_texts *ret, struct error *e)
{
        struct slice amz_date = signer_amz_date(s, request->time_s, e);
        char payload_hash[DIGEST_HEX_SIZE];
        const struct key_scope parts = signer_scope(amz_date, request->region, SERVICE);
        if (amz_date.n == 0 || key_scope_check(&parts, e) < 0 ||
            sigv4_payload_hash(s, request->body, payload_hash, e) < 0)
                return -1;
        struct canonical_headers headers;
        canonical_headers_init(&headers);
        canonical_headers_add(&headers, SLICE("content-type"), SLICE("application/json"), CANONICAL_VALUE_CLEAN);
        canonical_headers_add(&headers, SLICE("host"), request->host, CANONICAL_VALUE_BLANKS);
        canonical_headers_add(&headers, SLICE("x-amz-date"), amz_date, CANONICAL_VALUE_CLEAN);
        canonical_headers_add(&headers, SLICE("x-amz-x509"), buffer_slice(&identity->leaf), CANONICAL_VALUE_CLEAN);
        if (identity->chain.n > 0)
                canonical_headers_add(&headers, SLICE("x-amz-x509-chain"), buffer_slice(&identity->chain),
                                      CANONICAL_VALUE_CLEAN);
        const struct canonical_request canonical = {
            .method = SLICE("POST"),
            .path = request->path,
            .headers = &headers,
            .payload_hash = slice_of(payload_hash, sizeof(payload_hash)),
        };
        uint8_t scope[KEY_SCOPE_MAX];
        const struct string_to_sign text = {slice_str(identity->algorithm->name), amz_date,
                                            slice_of(scope, (size_t)(key_scope_put(scope, &parts) - scope))};
        buffer_reset(&s->scratch);
        return signer_put_texts(s, &canonical, &text, 0, &s->scratch, ret, e);
}

int x509_sign_request(struct signer *s, const struct x509_identity *identity, const struct x509_request *request,
                      char amz_date[17], struct buffer *out, struct error *e)
{
        struct signing_texts text;
        if (x509_prepare(s, identity, request, &text, e) < 0)
                return -1;
        uint8_t scope[KEY_SCOPE_MAX];
        const struct key_scope parts = signer_scope(slice_of(s->amz_date, AMZ_DATE_SIZE), request->region, SERVICE);
        const uint8_t *end = key_scope_put(scope, &parts);
        buffer_put_str(out, identity->algorithm->name);
        buffer_put_str(out, " Credential=");
        buffer_put_str(out, identity->serial);
        buffer_put_byte(out, '/');
        buffer_put(out, slice_of(scope, (size_t)(end - scope)));
        buffer_put_str(out, ", SignedHeaders=");
        buffer_put(out, text.signed_headers);
        if (buffer_put_str(out, ", Signature=") < 0)
                return error_set(e, ERROR_INTERNAL, "no room for the Authorization header");
        memcpy(amz_date, s->amz_date, sizeof(s->amz_date));
        return x509_identity_sign(identity, text.string_to_sign, out, e);
}

int x509_sign_request_alone(const struct x509_identity *identity, const struct x509_request *request, char amz_date[17],
                            struct buffer *out, struct error *e)
{
        struct signer s = {.digest = digest_new()}; // certificates sign without derived keys
        if (!s.digest)
                return error_set(e, ERROR_INTERNAL, "out of memory, or OpenSSL lacks SHA-256");
        buffer_init(&s.scratch, LIMIT_SIGN_CANONICAL);
        int r = x509_sign_request(&s, identity, request, amz_date, out, e);
        buffer_free(&s.scratch);
        digest_free(s.digest);
        return r;
}
