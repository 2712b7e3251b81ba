// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/signed_exchange.h"

#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/hints_common.h"

// Base credentials must outlive the call with ease.
enum { BASE_MIN_LIFE_S = 300 };

int signed_exchange_init(struct signed_exchange *x, const struct exchange_ops *ops, const struct provider_deps *deps,
                         struct error *e)
{
        buffer_init(&x->body, LIMIT_UPSTREAM_BODY);
        buffer_init(&x->signing, LIMIT_SIGN_CANONICAL);
        return exchange_init(&x->exchange, ops, x->provider, deps, x->provider, e);
}

void signed_exchange_deinit(struct signed_exchange *x)
{
        exchange_deinit(&x->exchange);
}

static void forget(struct signed_exchange *x)
{
        credentials_unref(x->keys);
        x->keys = NULL;
        buffer_free(&x->body);
        buffer_free(&x->signing);
}

int signed_exchange_sign(struct signed_exchange *x, int64_t time_s, struct exchange_post *post, struct error *e)
{
        struct signer *signer = x->exchange.deps.signer;
        struct sigv4_result signature;
        char hash[64];
        if (sigv4_payload_hash(signer, buffer_slice(&x->body), hash, e) < 0)
                return -1;
        const struct sigv4_request request = {
            .method = SLICE("POST"),
            .url = slice_str(x->exchange.url),
            .headers = x->headers,
            .headers_count = x->headers_count,
            .payload_hash = slice_of(hash, sizeof(hash)),
            .service = slice_str(x->exchange.ops->service),
            .region = slice_str(x->provider->profile->issuer_region),
            .time_s = time_s,
        };
        buffer_reset(&x->signing);
        if (sigv4_sign(signer, &request, x->keys, &x->signing, &signature, e) < 0)
                return -1;
        memcpy(x->amz_date, signature.amz_date, sizeof(x->amz_date));
        for (size_t i = 0; i < x->headers_count; i++)
                post->fields[post->fields_count++] = (struct http_field){x->headers[i].name, x->headers[i].value};
        exchange_post_field(post, "x-amz-date", slice_str(x->amz_date));
        if (!slice_is_empty(x->keys->session_token))
                exchange_post_field(post, "x-amz-security-token", x->keys->session_token);
        exchange_post_field(post, "authorization", signature.authorization);
        post->body = buffer_slice(&x->body);
        return 0;
}

void signed_exchange_explain(struct signed_exchange *x, struct error *e)
{
        bool is_expired = hints_code_is(e, "ExpiredToken") || hints_code_is(e, "ExpiredTokenException");
        if (is_expired) // nothing is wrong with this profile: newer base credentials mend it
                e->kind = ERROR_TRANSIENT;
        // Keys without an end are replaced at any time. Then AWS does not know the old ones, and their source may have
        // others by now.
        bool is_unknown = hints_code_is(e, "InvalidClientTokenId") || hints_code_is(e, "UnrecognizedClientException") ||
                          hints_code_is(e, "SignatureDoesNotMatch") || hints_code_is(e, "InvalidSignatureException");
        if (is_expired || (is_unknown && x->keys->expires_s == CREDENTIALS_NEVER_EXPIRE))
                x->refused_until_s = x->keys->expires_s;
}

void signed_exchange_done(struct signed_exchange *x, struct credentials *c, const struct error *e)
{
        forget(x);
        provider_finish(x->provider, c, e);
}

// Signs by what the source has learned of AWS's clock until this provider knows it itself.
static void learn_from_base(struct signed_exchange *x)
{
        struct upstream_clock *time = &x->exchange.time;
        if (!time->known && x->keys->has_upstream_offset)
                *time = (struct upstream_clock){.known = true, .offset_ms = x->keys->upstream_offset_ms};
}

static void has_base(void *arg, struct credentials *c, const struct error *e)
{
        struct signed_exchange *x = arg;
        struct error failure = {0};
        x->is_asking_source = false;
        if (x->is_cancelled) {
                credentials_unref(c);
                (void)error_set(&failure, ERROR_CANCELLED, "cancelled");
        } else if (!c) {
                failure = *e;
                (void)error_context(&failure, "base credentials");
        } else {
                x->keys = c;
                x->refused_until_s = 0;
                learn_from_base(x);
                if (exchange_start(&x->exchange, &failure) == 0)
                        return;
        }
        x->exchange.ops->done(x->exchange.owner, NULL, &failure);
}

// Base credentials that AWS refused are not to be offered again, so newer ones are asked for by their life: longer than
// those have, which for keys without an end is longer than any.
static int64_t min_life_s(const struct signed_exchange *x)
{
        if (x->refused_until_s == CREDENTIALS_NEVER_EXPIRE)
                return INT64_MAX;
        int64_t now_s = upstream_clock_now_s(&x->exchange.time, x->exchange.deps.clock);
        int64_t refused_s = x->refused_until_s > now_s ? x->refused_until_s - now_s + 1 : 0;
        return refused_s > BASE_MIN_LIFE_S ? refused_s : BASE_MIN_LIFE_S;
}

int signed_exchange_start(struct signed_exchange *x, struct error *e)
{
        x->is_cancelled = false;
        x->is_asking_source = true;
        if (x->source.get(x->source.context, min_life_s(x), has_base, x, e) == 0)
                return 0;
        x->is_asking_source = false;
        return error_context(e, "base credentials");
}

void signed_exchange_cancel(struct signed_exchange *x)
{
        x->is_cancelled = true;
        if (x->is_asking_source)
                x->source.cancel(x->source.context, x); // last: it may complete at once
        else
                exchange_cancel(&x->exchange);
}
