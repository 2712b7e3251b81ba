// SPDX-License-Identifier: Apache-2.0
// A role by the credentials of another profile (AssumeRole, signed). The base credentials come from their own cache, so
// that every profile on one source shares them. Loop thread only.
#include <stdlib.h>

#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/exchange.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/login.h"
#include "sidecar/providers/mfa.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/sts_answer.h"
#include "sidecar/providers/sts_body.h"
#include "sidecar/signing/sigv4.h"

// Base credentials must outlive the call with ease.
enum { BASE_MIN_LIFE_S = 300, BODY_MAX = LIMIT_UPSTREAM_BODY };

struct assume_role {
        struct provider base; // first: the interface is cast back
        const struct profile *profile;
        struct credentials_source source;
        struct exchange exchange;
        struct credentials *keys;    // base credentials, while a call is under way
        struct buffer body, signing; // likewise
        struct mfa mfa;              // where the profile has an mfa_serial
        char amz_date[TIME_AMZ_SIZE];
        int64_t refused_until_s; // end of the base credentials that AWS called expired; 0: none were
        bool is_asking_source, is_cancelled;
};

static void forget(struct assume_role *a)
{
        credentials_unref(a->keys);
        a->keys = NULL;
        mfa_forget_used(&a->mfa);
        buffer_free(&a->body);
        buffer_free(&a->signing);
}

static int sign(struct assume_role *a, int64_t time_s, struct sigv4_result *signature, struct error *e)
{
        struct signer *signer = a->exchange.deps.signer;
        struct slice content_type = SLICE(STS_CONTENT_TYPE);
        const struct header headers[] = {{SLICE("content-type"), content_type}};
        char hash[64];
        if (sigv4_payload_hash(signer, buffer_slice(&a->body), hash, e) < 0)
                return -1;
        const struct sigv4_request request = {
            .method = SLICE("POST"),
            .url = slice_str(a->exchange.url),
            .headers = headers,
            .headers_count = 1,
            .payload_hash = slice_of(hash, sizeof(hash)),
            .service = SLICE("sts"),
            .region = slice_str(a->profile->issuer_region),
            .time_s = time_s,
        };
        buffer_reset(&a->signing);
        return sigv4_sign(signer, &request, a->keys, &a->signing, signature, e);
}

static int assume_role_prepare(void *owner, int64_t time_s, struct exchange_post *post, struct error *e)
{
        struct assume_role *a = owner;
        struct sigv4_result signature;
        buffer_reset(&a->body);
        if (sts_body_assume_role(&a->profile->role, &a->body, e) < 0)
                return -1;
        if (a->mfa.used.n > 0 && sts_body_mfa(&a->profile->role, secret_expose(&a->mfa.used), &a->body, e) < 0)
                return -1;
        if (sign(a, time_s, &signature, e) < 0)
                return -1;
        memcpy(a->amz_date, signature.amz_date, sizeof(a->amz_date));
        exchange_post_field(post, "content-type", SLICE(STS_CONTENT_TYPE));
        exchange_post_field(post, "x-amz-date", slice_str(a->amz_date));
        if (!slice_is_empty(a->keys->session_token))
                exchange_post_field(post, "x-amz-security-token", a->keys->session_token);
        exchange_post_field(post, "authorization", signature.authorization);
        post->body = buffer_slice(&a->body);
        return 0;
}

static int assume_role_read(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                            const char **what)
{
        return sts_answer_read("AssumeRole", response->body, scratch, ret, what);
}

static void assume_role_explain(void *owner, struct error *e)
{
        struct assume_role *a = owner;
        hints_assume_role(a->profile, e);
        if (a->mfa.used.n > 0)
                mfa_explain(a->profile, e);
        if (strcmp(e->upstream.code, "ExpiredToken") != 0 && strcmp(e->upstream.code, "ExpiredTokenException") != 0)
                return;
        // Nothing is wrong with this profile: newer base credentials mend it.
        e->kind = ERROR_TRANSIENT;
        if (a->keys->expires_s != CREDENTIALS_NEVER_EXPIRE)
                a->refused_until_s = a->keys->expires_s;
}

static void assume_role_done(void *owner, struct credentials *c, const struct error *e)
{
        struct assume_role *a = owner;
        forget(a);
        provider_finish(&a->base, c, e);
}

static const struct exchange_ops assume_role_exchange = {
    .service = "sts",
    .action = "AssumeRole",
    .path = "/",
    .is_signed = true,
    .prepare = assume_role_prepare,
    .read = assume_role_read,
    .explain = assume_role_explain,
    .done = assume_role_done,
};

// Signs by what the source has learned of AWS's clock until this provider knows it itself.
static void learn_from_base(struct assume_role *a)
{
        struct upstream_time *time = &a->exchange.time;
        if (!time->known && a->keys->has_upstream_offset)
                *time = (struct upstream_time){.known = true, .offset_ms = a->keys->upstream_offset_ms};
}

static void assume_role_has_base(void *arg, struct credentials *c, const struct error *e)
{
        struct assume_role *a = arg;
        struct error failure = {0};
        a->is_asking_source = false;
        if (a->is_cancelled) {
                credentials_unref(c);
                (void)error_set(&failure, ERROR_CANCELLED, "cancelled");
        } else if (!c) {
                failure = *e;
                (void)error_context(&failure, "base credentials");
        } else {
                a->keys = c;
                a->refused_until_s = 0;
                learn_from_base(a);
                if (exchange_start(&a->exchange, &failure) == 0)
                        return;
                forget(a);
        }
        mfa_forget_used(&a->mfa);
        provider_finish(&a->base, NULL, &failure);
}

// Base credentials that AWS called expired are not to be offered again, so newer ones are asked for by their life.
static int64_t min_life_s(const struct assume_role *a)
{
        int64_t now_s = upstream_time_now_s(&a->exchange.time, a->exchange.deps.clock);
        int64_t refused_s = a->refused_until_s > now_s ? a->refused_until_s - now_s + 1 : 0;
        return refused_s > BASE_MIN_LIFE_S ? refused_s : BASE_MIN_LIFE_S;
}

static int assume_role_start(struct provider *p, struct error *e)
{
        struct assume_role *a = (struct assume_role *)p;
        if (a->profile->role.mfa_serial && mfa_take(&a->mfa, a->profile, clock_boot_ms(a->exchange.deps.clock), e) < 0)
                return -1;
        a->is_cancelled = false;
        a->is_asking_source = true;
        if (a->source.get(a->source.context, min_life_s(a), assume_role_has_base, a, e) == 0)
                return 0;
        a->is_asking_source = false;
        mfa_forget_used(&a->mfa);
        return error_context(e, "base credentials");
}

static void assume_role_cancel(struct provider *p)
{
        struct assume_role *a = (struct assume_role *)p;
        a->is_cancelled = true;
        if (a->is_asking_source)
                a->source.cancel(a->source.context, a); // last: it may complete at once
        else
                exchange_cancel(&a->exchange);
}

static void assume_role_destroy(struct provider *p)
{
        struct assume_role *a = (struct assume_role *)p;
        exchange_deinit(&a->exchange);
        mfa_forget(&a->mfa);
        free(a);
}

// --- the person with the MFA device ---

static int assume_role_login(struct provider *p, struct slice token_code, struct error *e)
{
        struct assume_role *a = (struct assume_role *)p;
        if (p->is_running) {
                (void)error_set(e, ERROR_CONFIG, "another code is being tried");
                return error_hint(e, "wait until that has succeeded or failed");
        }
        return mfa_give(&a->mfa, token_code, clock_boot_ms(a->exchange.deps.clock), e);
}

static void assume_role_login_status(const struct provider *p, struct login_status *ret)
{
        const struct assume_role *a = (const struct assume_role *)p;
        ret->kind = LOGIN_MFA;
        ret->mfa_serial = a->profile->role.mfa_serial;
}

int provider_assume_role_new(const struct provider_deps *deps, const struct profile *profile,
                             const struct credentials_source *source, struct provider **ret, struct error *e)
{
        static const struct provider_ops ops = {assume_role_start, assume_role_cancel, assume_role_destroy};
        static const struct login_ops login = {assume_role_login, assume_role_login_status};
        struct assume_role *a = calloc(1, sizeof(*a));
        if (!a)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        a->base.ops = &ops;
        a->base.login = profile->role.mfa_serial ? &login : NULL;
        a->profile = profile;
        a->source = *source;
        buffer_init(&a->body, BODY_MAX);
        buffer_init(&a->signing, LIMIT_SIGN_CANONICAL);
        if (exchange_init(&a->exchange, &assume_role_exchange, a, deps, profile, e) < 0) {
                free(a);
                return -1;
        }
        *ret = &a->base;
        return 0;
}
