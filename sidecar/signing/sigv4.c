// SPDX-License-Identifier: Apache-2.0
// Signing by headers. The whole work of one signature is written into the caller's buffer, one piece after the other:
// canonical request, string to sign, Authorization.
#include "sidecar/signing/sigv4.h"

#include <assert.h>

#include "proto/wire/credentials.h"
#include "sidecar/signing/put.h"
#include "sidecar/signing/signer.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

static int choose_headers(const struct sigv4_request *request, const struct credentials *c, struct slice amz_date,
                          struct header_choice *choice, struct canonical_headers *headers, struct error *e)
{
        if (signer_choose_headers(request, choice, headers, e) < 0)
                return -1;
        canonical_headers_add(headers, SLICE("x-amz-date"), amz_date, CANONICAL_VALUE_CLEAN);
        if (c->session_token.n > 0)
                canonical_headers_add(headers, SLICE("x-amz-security-token"), c->session_token, CANONICAL_VALUE_CLEAN);
        choice->adds_content_sha256 =
            !choice->has_content_sha256 && (request->add_content_sha256 || choice->rules->wants_content_sha256);
        if (choice->adds_content_sha256)
                canonical_headers_add(headers, SLICE("x-amz-content-sha256"), request->payload_hash,
                                      CANONICAL_VALUE_CLEAN);
        return 0;
}

static uint8_t *put_authorization(uint8_t *p, const struct signing_key *key, const struct credentials *c,
                                  struct slice names, const uint8_t signature[DIGEST_SIZE])
{
        p = put_slice(p, SLICE(ALGORITHM " Credential="));
        p = put_byte(put_slice(p, c->access_key_id), '/');
        p = put_slice(p, key->scope);
        p = put_slice(p, SLICE(", SignedHeaders="));
        p = put_slice(p, names);
        p = put_slice(p, SLICE(", Signature="));
        return put_hex(p, signature);
}

int sigv4_sign(struct signer *s, const struct sigv4_request *request, struct credentials *c, struct buffer *out,
               struct sigv4_result *ret, struct error *e)
{
        struct sigv4_url room;
        struct canonical_headers headers;
        canonical_headers_init(&headers);
        if (sigv4_check_method(request->method, e) < 0 || signer_check_payload_hash(request->payload_hash, e) < 0)
                return -1;
        const struct sigv4_url *url = signer_url(request, &room, e);
        if (!url)
                return -1;
        struct slice amz_date = signer_amz_date(s, request->time_s, e);
        if (amz_date.n == 0)
                return -1;
        struct header_choice choice = {.host = url->host, .rules = service_rules_of(request->service)};
        const struct key_scope scope = signer_scope(amz_date, request->region, request->service);
        struct signing_key key = {.hmac = NULL};
        if (key_cache_get(s->keys, s->digest, c, &scope, &key, e) < 0 ||
            choose_headers(request, c, amz_date, &choice, &headers, e) < 0)
                return -1;

        const struct canonical_request canonical = {
            .method = request->method,
            .path = url->path,
            .query = url->query,
            .headers = &headers,
            .payload_hash = request->payload_hash,
            .path_form = choice.rules->decodes_path ? CANONICAL_PATH_DECODED : CANONICAL_PATH_ENCODED,
        };
        size_t authorization_max = sizeof(ALGORITHM) + c->access_key_id.n + canonical_headers_bound(&headers) +
                                   KEY_SCOPE_MAX + DIGEST_HEX_SIZE + 64;
        const struct string_to_sign in = {SLICE(ALGORITHM), amz_date, key.scope};
        struct signing_texts texts;
        uint8_t signature[DIGEST_SIZE];
        // Bytes of a longer, earlier request stay behind these until the buffer is wiped.
        out->n = 0;
        out->failed = false;
        if (signer_put_texts(s, &canonical, &in, authorization_max, out, &texts, e) < 0)
                return -1;
        if (digest_key_hmac(s->digest, key.hmac, texts.string_to_sign, signature) < 0)
                return error_set(e, ERROR_INTERNAL, "OpenSSL could not compute the signature");
        // The string to sign is no longer needed: the Authorization header overwrites it.
        uint8_t *start = out->p + texts.canonical_request.n;
        const uint8_t *end = put_authorization(start, &key, c, texts.signed_headers, signature);
        ret->authorization = slice_of(start, (size_t)(end - start));
        assert(ret->authorization.n <= texts.string_to_sign.n + authorization_max);
        out->n = (size_t)(end - out->p);
        memcpy(ret->amz_date, s->amz_date, sizeof(ret->amz_date));
        ret->signed_headers = texts.signed_headers;
        ret->has_content_sha256 = choice.adds_content_sha256;
        return 0;
}
