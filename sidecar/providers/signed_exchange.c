// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/signed_exchange.h"

#include "proto/wire/credentials.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/hints.h"
#include "sidecar/signing/sigv4.h"

// Base credentials must outlive the call with ease.
enum { BASE_MIN_LIFE_S = 300 };

void signed_exchange_init(struct signed_exchange *x, const struct exchange_ops *ops, struct provider *provider)
{
        exchange_init(&x->exchange, provider, provider);
        x->ops = ops;
}

int signed_exchange_sign(struct signed_exchange *x, struct exchange_request *r, struct error *e)
{
        const struct provider *p = x->exchange.provider;
        struct header headers[EXCHANGE_FIELDS_N];
        struct sigv4_result signature;
        char hash[64];
        if (sigv4_payload_hash(p->deps.signer, buffer_slice(&r->body), hash, e) < 0)
                return -1;
        for (size_t i = 0; i < r->fields_count; i++)
                headers[i] = (struct header){r->fields[i].name, r->fields[i].value};
        const struct sigv4_request request = {
            .method = SLICE("POST"),
            .url = buffer_slice(&r->url),
            .headers = headers,
            .headers_count = r->fields_count,
            .payload_hash = slice_of(hash, sizeof(hash)),
            .service = slice_str(x->ops->service),
            .region = slice_str(p->profile->issuer_region),
            .time_s = r->time_s,
        };
        if (sigv4_sign(p->deps.signer, &request, x->keys, &r->values, &signature, e) < 0)
                return -1;
        memcpy(r->amz_date, signature.amz_date, sizeof(r->amz_date));
        exchange_add_field(r, "x-amz-date", slice_str(r->amz_date));
        if (!slice_is_empty(x->keys->session_token))
                exchange_add_field(r, "x-amz-security-token", x->keys->session_token);
        exchange_add_field(r, "authorization", signature.authorization);
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
        credentials_unref(x->keys);
        x->keys = NULL;
        provider_finish(x->exchange.provider, c, e);
}

static void has_base(void *arg, struct credentials *c, const struct error *e)
{
        struct signed_exchange *x = arg;
        struct provider *p = x->exchange.provider;
        struct error failure = {.kind = ERROR_NONE};
        x->is_asking_source = false;
        x->keys = c;
        if (!c) {
                failure = *e;
                (void)error_context(&failure, "base credentials");
        } else if (p->is_cancelled) {
                (void)error_set(&failure, ERROR_CANCELLED, "cancelled");
        } else {
                x->refused_until_s = 0;
                // Signs by what the source has learned of AWS's clock until this provider knows it itself.
                if (!p->time.known && c->has_upstream_offset)
                        p->time = (struct upstream_clock){.known = true, .offset_ms = c->upstream_offset_ms};
                if (exchange_start(&x->exchange, x->ops, &failure) == 0)
                        return;
        }
        x->ops->done(p, NULL, &failure);
}

// Base credentials that AWS refused are not to be offered again, so newer ones are asked for by their life: longer than
// those have, which for keys without an end is longer than any.
static int64_t min_life_s(const struct signed_exchange *x)
{
        const struct provider *p = x->exchange.provider;
        if (x->refused_until_s == CREDENTIALS_NEVER_EXPIRE)
                return INT64_MAX;
        int64_t now_s = upstream_clock_now_s(&p->time, p->deps.clock);
        int64_t refused_s = x->refused_until_s > now_s ? x->refused_until_s - now_s + 1 : 0;
        return refused_s > BASE_MIN_LIFE_S ? refused_s : BASE_MIN_LIFE_S;
}

int signed_exchange_start(struct signed_exchange *x, struct error *e)
{
        const struct credentials_source *source = &x->exchange.provider->source;
        x->is_asking_source = true;
        if (source->get(source->context, min_life_s(x), has_base, x, e) == 0)
                return 0;
        x->is_asking_source = false;
        return error_context(e, "base credentials");
}

void signed_exchange_cancel(struct signed_exchange *x)
{
        const struct credentials_source *source = &x->exchange.provider->source;
        if (x->is_asking_source)
                source->cancel(source->context, x); // last: it may complete at once
        else
                exchange_cancel(&x->exchange);
}
