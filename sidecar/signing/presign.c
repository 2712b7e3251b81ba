// SPDX-License-Identifier: Apache-2.0
// Signing by query: the URL carries everything. Its own parameters are decoded and encoded anew, as botocore does: a
// URL that is opened later, by other programs, must not depend on how it was first written. Repeated parameters all
// stay.
#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/credentials.h"
#include "sidecar/signing/put.h"
#include "sidecar/signing/signer.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

static int check_parameter(struct slice name, struct error *e)
{
        static const struct slice made_here[] = {
            SLICE_INIT("x-amz-algorithm"), SLICE_INIT("x-amz-credential"),    SLICE_INIT("x-amz-date"),
            SLICE_INIT("x-amz-expires"),   SLICE_INIT("x-amz-signedheaders"), SLICE_INIT("x-amz-security-token"),
            SLICE_INIT("x-amz-signature"),
        };
        for (size_t i = 0; i < LENGTH(made_here); i++) {
                if (!slice_eq_ignore_case(name, made_here[i]))
                        continue;
                error_set(e, ERROR_CONFIG, "the URL already has the query parameter %s", (const char *)made_here[i].p);
                return error_hint(e, "leave it out: presigning makes it");
        }
        return 0;
}

// "+" is a blank; a broken escape stands for itself.
static int put_decoded(struct buffer *out, struct slice text, struct error *e)
{
        uint8_t *start = buffer_reserve(out, text.n), *p = start;
        if (!p)
                return error_set(e, ERROR_INTERNAL, "out of memory for signing");
        for (size_t i = 0; i < text.n; i++) {
                int high = text.p[i] == '%' && i + 2 < text.n ? text_hex_digit(text.p[i + 1]) : -1;
                int low = high >= 0 ? text_hex_digit(text.p[i + 2]) : -1;
                if (low >= 0) {
                        *p++ = (uint8_t)(high << 4 | low);
                        i += 2;
                } else {
                        *p++ = text.p[i] == '+' ? ' ' : text.p[i];
                }
        }
        buffer_commit(out, (size_t)(p - start));
        return 0;
}

// Appends "name=value&". `text` is scratch space.
static int put_parameter(struct slice pair, struct buffer *text, struct buffer *out, struct error *e)
{
        size_t n = slice_find(pair, '=');
        buffer_reset(text);
        if (put_decoded(text, slice_head(pair, n), e) < 0 || check_parameter(buffer_slice(text), e) < 0)
                return -1;
        text_percent_encode(buffer_slice(text), false, out);
        buffer_put_byte(out, '=');
        buffer_reset(text);
        if (put_decoded(text, slice_from(pair, n + 1), e) < 0)
                return -1;
        text_percent_encode(buffer_slice(text), false, out);
        buffer_put_byte(out, '&');
        return 0;
}

static int put_own_parameters(struct slice query, struct buffer *text, struct buffer *out, struct error *e)
{
        while (query.n > 0) {
                struct slice pair = slice_head(query, slice_find(query, '&'));
                query = slice_from(query, pair.n + 1);
                if (pair.n > 0 && put_parameter(pair, text, out, e) < 0)
                        return -1;
        }
        return 0;
}

struct presigning {
        struct signer *signer;
        const struct sigv4_request *request;
        struct credentials *credentials;
        struct slice amz_date;
        struct key_scope scope;
        int64_t expires_s;
        struct canonical_headers headers;
};

static void put_signing_parameters(const struct presigning *in, struct slice names, struct buffer *out)
{
        uint8_t scope[KEY_SCOPE_MAX];
        const uint8_t *end = key_scope_put(scope, &in->scope);
        buffer_put_str(out, "X-Amz-Algorithm=" ALGORITHM "&X-Amz-Credential=");
        text_percent_encode(in->credentials->access_key_id, false, out);
        buffer_put_str(out, "%2F");
        text_percent_encode(slice_of(scope, (size_t)(end - scope)), false, out);
        buffer_put_str(out, "&X-Amz-Date=");
        buffer_put(out, in->amz_date);
        buffer_put_str(out, "&X-Amz-Expires=");
        buffer_put_i64(out, in->expires_s);
        buffer_put_str(out, "&X-Amz-SignedHeaders=");
        text_percent_encode(names, false, out);
        if (in->credentials->session_token.n > 0) {
                buffer_put_str(out, "&X-Amz-Security-Token=");
                text_percent_encode(in->credentials->session_token, false, out);
        }
}

// Appends the URL without its signature. *ret_query: where its query starts in `out`.
static int put_url(struct presigning *in, const struct sigv4_url *url, struct buffer *out, size_t *ret_query,
                   struct error *e)
{
        struct buffer *scratch = &in->signer->scratch;
        struct slice whole = in->request->url;
        buffer_put(out, slice_head(whole, slice_find(whole, '?')));
        buffer_put_byte(out, '?');
        *ret_query = out->n;
        if (put_own_parameters(url->query, scratch, out, e) < 0)
                return -1;
        buffer_reset(scratch);
        size_t bound = canonical_headers_bound(&in->headers);
        uint8_t *names = signer_reserve(scratch, bound, e), *end = names;
        if (!names)
                return -1;
        canonical_headers_put(names + bound / 3, &in->headers, &end); // for the names alone
        put_signing_parameters(in, slice_of(names, (size_t)(end - names)), out);
        if (!out->failed)
                return 0;
        if (out->no_memory)
                return error_set(e, ERROR_INTERNAL, "out of memory for signing");
        error_set(e, ERROR_CONFIG, "the URL is too long to presign");
        return error_hint(e, "shorten its query");
}

static int sign_text(struct presigning *in, const struct canonical_request *canonical, uint8_t signature[DIGEST_SIZE],
                     struct error *e)
{
        struct signer *s = in->signer;
        struct signing_key key = {.hmac = NULL};
        struct signing_texts texts;
        if (key_cache_get(s->keys, s->digest, in->credentials, &in->scope, &key, e) < 0)
                return -1;
        const struct string_to_sign text = {SLICE(ALGORITHM), in->amz_date, key.scope};
        buffer_reset(&s->scratch);
        if (signer_put_texts(s, canonical, &text, 0, &s->scratch, &texts, e) < 0)
                return -1;
        if (digest_key_hmac(s->digest, key.hmac, texts.string_to_sign, signature) < 0)
                return error_set(e, ERROR_INTERNAL, "OpenSSL could not compute the signature");
        return 0;
}

static int presign(struct presigning *in, struct buffer *out, struct error *e)
{
        const struct sigv4_request *request = in->request;
        struct sigv4_url url;
        struct header_choice choice = {.url = &url, .by_query = true};
        canonical_headers_init(&in->headers);
        if (sigv4_parse_url(request->url, &url, e) < 0 || signer_choose_headers(request, &choice, &in->headers, e) < 0)
                return -1;
        size_t query = 0;
        if (put_url(in, &url, out, &query, e) < 0)
                return -1;
        bool s3 = signer_is_s3(request->service);
        const struct canonical_request canonical = {
            .method = request->method,
            .path = url.path,
            .query = slice_from(buffer_slice(out), query),
            .headers = &in->headers,
            // Who signs a URL for S3 does not know what will be sent to it.
            .payload_hash = s3 && !choice.has_content_sha256 ? SLICE(SIGV4_UNSIGNED_PAYLOAD) : request->payload_hash,
            .path_form = s3 ? CANONICAL_PATH_VERBATIM : CANONICAL_PATH_ENCODED,
        };
        uint8_t signature[DIGEST_SIZE];
        uint8_t hex[DIGEST_HEX_SIZE];
        if (sign_text(in, &canonical, signature, e) < 0)
                return -1;
        put_hex(hex, signature);
        buffer_put_str(out, "&X-Amz-Signature=");
        if (buffer_put(out, slice_of(hex, sizeof(hex))) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory for signing");
        return 0;
}

int sigv4_presign(struct signer *s, const struct sigv4_request *request, struct credentials *c, int64_t expires_s,
                  struct buffer *out, struct error *e)
{
        if (expires_s < 1 || expires_s > LIMIT_PRESIGN_EXPIRES_S) {
                error_set(e, ERROR_CONFIG, "a presigned URL cannot expire after %lld s", (long long)expires_s);
                return error_hint(e, "ask for 1 to %d seconds (seven days)", LIMIT_PRESIGN_EXPIRES_S);
        }
        if (signer_check_method(request->method, e) < 0 || signer_check_payload_hash(request->payload_hash, e) < 0)
                return -1;
        struct presigning in = {.signer = s, .request = request, .credentials = c, .expires_s = expires_s};
        in.amz_date = signer_amz_date(s, request->time_s, e);
        if (in.amz_date.n == 0)
                return -1;
        size_t before = out->n;
        in.scope = signer_scope(in.amz_date, request->region, request->service);
        int r = presign(&in, out, e);
        buffer_reset(&s->scratch); // it held the token
        if (r < 0 && out->n > before) {
                explicit_bzero(out->p + before, out->n - before);
                out->n = before;
        }
        return r;
}
