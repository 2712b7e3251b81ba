// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/signed_call.h"

#include "proto/wire/credentials.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/hints.h"
#include "sidecar/signing/sigv4.h"

// Base credentials must be valid for longer than the call can take.
enum { BASE_MIN_LIFE_S = 300 };

void signed_call_init(struct signed_call *call, const struct upstream_call_ops *ops, struct provider *provider)
{
        upstream_call_init(&call->upstream, provider, provider);
        call->ops = ops;
}

int signed_call_sign(struct signed_call *call, struct upstream_request *r, struct error *e)
{
        const struct provider *p = call->upstream.provider;
        struct header headers[UPSTREAM_REQUEST_FIELDS_N];
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
            .service = slice_str(call->ops->service),
            .region = slice_str(call->region ? call->region : p->profile->issuer_region),
            .time_s = r->time_s,
        };
        if (sigv4_sign(p->deps.signer, &request, call->keys, &r->values, &signature, e) < 0)
                return -1;
        memcpy(r->amz_date, signature.amz_date, sizeof(r->amz_date));
        upstream_request_add_field(r, "x-amz-date", slice_str(r->amz_date));
        if (!slice_is_empty(call->keys->session_token))
                upstream_request_add_field(r, "x-amz-security-token", call->keys->session_token);
        upstream_request_add_field(r, "authorization", signature.authorization);
        return 0;
}

void signed_call_explain(struct signed_call *call, struct error *e)
{
        bool is_expired = hints_code_is(e, "ExpiredToken") || hints_code_is(e, "ExpiredTokenException");
        if (is_expired) // the profile is right: newer base credentials are enough
                e->kind = ERROR_TRANSIENT;
        // Keys without an expiration can be replaced at any time: AWS then refuses the old ones as unknown, and their
        // source may already have others.
        bool is_unknown = hints_code_is(e, "InvalidClientTokenId") || hints_code_is(e, "UnrecognizedClientException") ||
                          hints_code_is(e, "SignatureDoesNotMatch") || hints_code_is(e, "InvalidSignatureException");
        if (is_expired || (is_unknown && call->keys->expires_s == CREDENTIALS_NEVER_EXPIRE))
                call->refused_until_s = call->keys->expires_s;
}

void signed_call_done(struct signed_call *call, struct credentials *c, const struct error *e)
{
        credentials_unref(call->keys);
        call->keys = NULL;
        provider_finish(call->upstream.provider, c, e);
}

static void has_base(void *arg, struct credentials *c, const struct error *e)
{
        struct signed_call *call = arg;
        struct provider *p = call->upstream.provider;
        struct error failure = {.kind = ERROR_NONE};
        call->is_asking_source = false;
        call->keys = c;
        if (!c) {
                failure = *e;
                (void)error_context(&failure, "base credentials");
        } else if (p->is_cancelled) {
                (void)error_set(&failure, ERROR_CANCELLED, "cancelled");
        } else {
                call->refused_until_s = 0;
                // Signs by what the source has learned of AWS's clock until this provider knows it itself.
                if (!p->time.known && c->has_upstream_offset)
                        p->time = (struct upstream_clock){.known = true, .offset_ms = c->upstream_offset_ms};
                if (upstream_call_start(&call->upstream, call->ops, &failure) == 0)
                        return;
        }
        call->ops->done(p, NULL, &failure);
}

// To not get the base credentials again that AWS refused, asks for some that expire later. For keys without an
// expiration nothing does.
static int64_t min_life_s(const struct signed_call *call)
{
        const struct provider *p = call->upstream.provider;
        if (call->refused_until_s == CREDENTIALS_NEVER_EXPIRE)
                return INT64_MAX;
        int64_t now_s = upstream_clock_now_s(&p->time, p->deps.clock);
        int64_t refused_s = call->refused_until_s > now_s ? call->refused_until_s - now_s + 1 : 0;
        int64_t life_s = call->base_life_s > BASE_MIN_LIFE_S ? call->base_life_s : BASE_MIN_LIFE_S;
        return refused_s > life_s ? refused_s : life_s;
}

int signed_call_start(struct signed_call *call, struct error *e)
{
        const struct credentials_source *source = &call->upstream.provider->source;
        call->is_asking_source = true;
        if (source->get(source->context, min_life_s(call), has_base, call, e) == 0)
                return 0;
        call->is_asking_source = false;
        return error_context(e, "base credentials");
}

void signed_call_cancel(struct signed_call *call)
{
        const struct credentials_source *source = &call->upstream.provider->source;
        if (call->is_asking_source)
                source->cancel(source->context, call); // last: it may complete at once
        else
                upstream_call_cancel(&call->upstream);
}
