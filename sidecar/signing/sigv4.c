// SPDX-License-Identifier: Apache-2.0
// Signing by headers. The whole work of one signature is written into the caller's buffer, one piece after the other:
// canonical request, string to sign, Authorization.
#include "sidecar/signing/sigv4.h"

#include <assert.h>

#include "proto/wire/credentials.h"
#include "sidecar/signing/put.h"
#include "sidecar/signing/signer.h"

static int choose_headers(const struct sigv4_request *request, const struct credentials *c, struct slice amz_date,
                          struct header_choice *choice, struct canonical_headers *headers, struct error *e)
{
        if (signer_choose_headers(request, choice, headers, e) < 0)
                return -1;
        canonical_headers_add(headers, SLICE("x-amz-date"), amz_date, CANONICAL_VALUE_CLEAN);
        if (c->session_token.n > 0)
                canonical_headers_add(headers, SLICE("x-amz-security-token"), c->session_token, CANONICAL_VALUE_CLEAN);
        if (request->region_set.n > 0)
                canonical_headers_add(headers, SLICE("x-amz-region-set"), request->region_set, CANONICAL_VALUE_CLEAN);
        choice->adds_content_sha256 =
            !choice->has_content_sha256 && (request->add_content_sha256 || choice->rules->wants_content_sha256);
        if (choice->adds_content_sha256)
                canonical_headers_add(headers, SLICE("x-amz-content-sha256"), request->payload_hash,
                                      CANONICAL_VALUE_CLEAN);
        return 0;
}

static uint8_t *put_authorization(uint8_t *p, const struct request_signing *signing, const struct credentials *c,
                                  struct slice names, struct slice signature)
{
        p = put_slice(put_slice(p, signing->algorithm), SLICE(" Credential="));
        p = put_byte(put_slice(p, c->access_key_id), '/');
        p = put_slice(p, signing->scope);
        p = put_slice(p, SLICE(", SignedHeaders="));
        p = put_slice(p, names);
        p = put_slice(p, SLICE(", Signature="));
        return put_slice(p, signature);
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
        struct request_signing signing;
        if (signer_begin(s, request, c, amz_date, &signing, e) < 0 ||
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
        size_t authorization_max = signing.algorithm.n + c->access_key_id.n + canonical_headers_bound(&headers) +
                                   KEY_SCOPE_MAX + SIGNATURE_MAX + 64;
        const struct string_to_sign in = {signing.algorithm, amz_date, signing.scope};
        struct signing_texts texts;
        char signature[SIGNATURE_MAX];
        size_t signature_n = 0;
        // Bytes of a longer, earlier request stay behind these until the buffer is wiped.
        out->n = 0;
        out->failed = false;
        if (signer_put_texts(s, &canonical, &in, authorization_max, out, &texts, e) < 0)
                return -1;
        if (signer_finish(s, &signing, texts.string_to_sign, signature, &signature_n, e) < 0)
                return -1;
        // The string to sign is no longer needed: the Authorization header overwrites it.
        uint8_t *start = out->p + texts.canonical_request.n;
        const uint8_t *end =
            put_authorization(start, &signing, c, texts.signed_headers, slice_of(signature, signature_n));
        ret->authorization = slice_of(start, (size_t)(end - start));
        assert(ret->authorization.n <= texts.string_to_sign.n + authorization_max);
        out->n = (size_t)(end - out->p);
        memcpy(ret->amz_date, s->amz_date, sizeof(ret->amz_date));
        ret->signed_headers = texts.signed_headers;
        ret->has_content_sha256 = choice.adds_content_sha256;
        return 0;
}
