// SPDX-License-Identifier: Apache-2.0
// Signing by query: the URL carries everything. Its own parameters are decoded and encoded anew, as botocore does: a
// URL that is opened later, by other programs, must not depend on how it was first written. Repeated parameters all
// stay.
#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/credentials.h"
#include "sidecar/signing/put.h"
#include "sidecar/signing/signer.h"
#include "sidecar/signing/uri_encode.h"

static int check_parameter(struct slice name, struct error *e)
{
        static const struct slice made_here[] = {
            SLICE_INIT("x-amz-algorithm"), SLICE_INIT("x-amz-credential"),    SLICE_INIT("x-amz-date"),
            SLICE_INIT("x-amz-expires"),   SLICE_INIT("x-amz-signedheaders"), SLICE_INIT("x-amz-security-token"),
            SLICE_INIT("x-amz-signature"), SLICE_INIT("x-amz-region-set"),
        };
        for (size_t i = 0; i < LENGTH(made_here); i++) {
                if (!slice_eq_ignore_case(name, made_here[i]))
                        continue;
                error_set(e, ERROR_CONFIG, "the URL already has the query parameter %s", (const char *)made_here[i].p);
                return error_hint(e, "remove it: presigning adds it");
        }
        return 0;
}

// Appends the text, encoded as in a query.
static struct slice put_recoded(struct slice text, struct buffer *out, struct error *e)
{
        uint8_t *start = signer_reserve(out, 3 * text.n, e);
        if (!start)
                return slice_of(NULL, 0);
        struct slice encoded = slice_of(start, (size_t)(uri_put_recoded(start, text, uri_unreserved) - start));
        buffer_commit(out, encoded.n);
        return encoded;
}

// Appends "name=value&".
static int put_parameter(struct slice pair, struct buffer *out, struct error *e)
{
        size_t n = slice_find(pair, '=');
        struct slice name = put_recoded(slice_head(pair, n), out, e);
        if (!name.p || check_parameter(name, e) < 0)
                return -1;
        (void)buffer_put_byte(out, '=');
        if (!put_recoded(slice_from(pair, n + 1), out, e).p)
                return -1;
        (void)buffer_put_byte(out, '&');
        return 0;
}

static int put_own_parameters(struct slice query, struct buffer *out, struct error *e)
{
        while (query.n > 0) {
                struct slice pair = slice_head(query, slice_find(query, '&'));
                query = slice_from(query, pair.n + 1);
                if (pair.n > 0 && put_parameter(pair, out, e) < 0)
                        return -1;
        }
        return 0;
}

struct presigning {
        struct signer *signer;
        const struct sigv4_request *request;
        struct credentials *credentials;
        struct request_signing signing;
        int64_t expires_s;
        const struct service_rules *rules;
        struct canonical_headers headers;
};

static void put_signing_parameters(const struct presigning *in, struct slice names, struct buffer *out)
{
        buffer_put_str(out, "X-Amz-Algorithm=");
        buffer_put(out, in->signing.algorithm);
        buffer_put_str(out, "&X-Amz-Credential=");
        text_percent_encode(in->credentials->access_key_id, false, out);
        buffer_put_str(out, "%2F");
        text_percent_encode(in->signing.scope, false, out);
        buffer_put_str(out, "&X-Amz-Date=");
        buffer_put(out, in->signing.amz_date);
        buffer_put_str(out, "&X-Amz-Expires=");
        buffer_put_i64(out, in->expires_s);
        buffer_put_str(out, "&X-Amz-SignedHeaders=");
        text_percent_encode(names, false, out);
        if (in->request->region_set.n > 0) {
                buffer_put_str(out, "&X-Amz-Region-Set=");
                text_percent_encode(in->request->region_set, false, out);
        }
}

static void put_token(const struct presigning *in, struct buffer *out)
{
        if (in->credentials->session_token.n == 0)
                return;
        buffer_put_str(out, "&X-Amz-Security-Token=");
        text_percent_encode(in->credentials->session_token, false, out);
}

// Appends the URL without its signature. *ret_query: where its query starts in `out`.
static int put_url(struct presigning *in, const struct sigv4_url *url, struct buffer *out, size_t *ret_query,
                   struct error *e)
{
        struct buffer *scratch = &in->signer->scratch;
        const struct sigv4_url without_query = {
            .scheme = url->scheme, .host = url->host, .path = url->path, .has_path = url->has_path};
        sigv4_put_url(&without_query, in->rules, out);
        (void)buffer_put_byte(out, '?');
        *ret_query = out->n;
        if (put_own_parameters(url->query, out, e) < 0)
                return -1;
        buffer_reset(scratch);
        size_t bound = canonical_headers_bound(&in->headers);
        uint8_t *names = signer_reserve(scratch, bound, e), *end = names;
        if (!names)
                return -1;
        canonical_headers_put(names + bound / 3, &in->headers, &end); // for the names alone
        put_signing_parameters(in, slice_of(names, (size_t)(end - names)), out);
        if (!in->rules->appends_token)
                put_token(in, out);
        if (!out->failed)
                return 0;
        if (out->no_memory)
                return error_set(e, ERROR_INTERNAL, "out of memory for signing");
        error_set(e, ERROR_CONFIG, "the URL is too long to presign");
        return error_hint(e, "shorten its query");
}

static int sign_text(struct presigning *in, const struct canonical_request *canonical, char signature[SIGNATURE_MAX],
                     size_t *ret_n, struct error *e)
{
        struct signer *s = in->signer;
        struct signing_texts texts;
        const struct string_to_sign text = {in->signing.algorithm, in->signing.amz_date, in->signing.scope};
        buffer_reset(&s->scratch);
        if (signer_put_texts(s, canonical, &text, 0, &s->scratch, &texts, e) < 0)
                return -1;
        return signer_finish(s, &in->signing, texts.string_to_sign, signature, ret_n, e);
}

static int put_signature(const struct presigning *in, struct slice signature, struct buffer *out, struct error *e)
{
        buffer_put_str(out, "&X-Amz-Signature=");
        buffer_put(out, signature);
        if (in->rules->appends_token)
                put_token(in, out);
        return out->failed ? error_set(e, ERROR_INTERNAL, "out of memory for signing") : 0;
}

static int presign(struct presigning *in, struct buffer *out, struct error *e)
{
        const struct sigv4_request *request = in->request;
        const struct service_rules *rules = in->rules;
        struct sigv4_url room;
        const struct sigv4_url *url = signer_url(request, &room, e);
        if (!url)
                return -1;
        canonical_headers_init(&in->headers);
        struct header_choice choice = {.host = url->host, .rules = rules, .by_query = true};
        size_t query = 0;
        if (signer_choose_headers(request, &choice, &in->headers, e) < 0 || put_url(in, url, out, &query, e) < 0)
                return -1;
        bool is_unsigned = rules->presigns_unsigned_payload && !choice.has_content_sha256;
        const struct canonical_request canonical = {
            .method = request->method,
            .path = url->path,
            .query = slice_from(buffer_slice(out), query),
            .headers = &in->headers,
            .payload_hash = is_unsigned ? SLICE(SIGV4_UNSIGNED_PAYLOAD) : request->payload_hash,
            .path_form = rules->decodes_path ? CANONICAL_PATH_DECODED : CANONICAL_PATH_ENCODED,
            .query_form = CANONICAL_QUERY_ENCODED,
        };
        char signature[SIGNATURE_MAX];
        size_t n = 0;
        if (sign_text(in, &canonical, signature, &n, e) < 0)
                return -1;
        return put_signature(in, slice_of(signature, n), out, e);
}

int sigv4_presign(struct signer *s, const struct sigv4_request *request, struct credentials *c, int64_t expires_s,
                  struct buffer *out, struct error *e)
{
        if (expires_s < 1 || expires_s > LIMIT_PRESIGN_EXPIRES_S) {
                error_set(e, ERROR_CONFIG, "a presigned URL cannot expire after %lld s", (long long)expires_s);
                return error_hint(e, "use 1 to %d seconds (seven days)", LIMIT_PRESIGN_EXPIRES_S);
        }
        if (sigv4_check_method(request->method, e) < 0 || signer_check_payload_hash(request->payload_hash, e) < 0)
                return -1;
        struct presigning in = {.signer = s,
                                .request = request,
                                .credentials = c,
                                .expires_s = expires_s,
                                .rules = service_rules_of(request->service)};
        struct slice amz_date = signer_amz_date(s, request->time_s, e);
        if (amz_date.n == 0 || signer_begin(s, request, c, amz_date, &in.signing, e) < 0)
                return -1;
        size_t before = out->n;
        int r = presign(&in, out, e);
        buffer_reset(&s->scratch); // it held the token
        if (r < 0 && out->n > before) {
                explicit_bzero(out->p + before, out->n - before);
                out->n = before;
        }
        return r;
}
