// SPDX-License-Identifier: Apache-2.0
// A role by the credentials of another profile (AssumeRole, signed). The base credentials come from their own cache, so
// that every profile on one source shares them. Loop thread only.
#include <stdlib.h>

#include "sidecar/config/profile.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/login.h"
#include "sidecar/providers/mfa.h"
#include "sidecar/providers/signed_exchange.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/sts_answer.h"
#include "sidecar/providers/sts_body.h"

struct assume_role {
        struct provider base; // first: the interface is cast back
        struct signed_exchange call;
        struct mfa mfa; // where the profile has an mfa_serial
};

static int assume_role_prepare(void *owner, int64_t time_s, struct exchange_post *post, struct error *e)
{
        struct assume_role *a = owner;
        buffer_reset(&a->call.body);
        if (sts_body_assume_role(&a->base.profile->role, &a->call.body, e) < 0)
                return -1;
        if (a->mfa.used.n > 0 &&
            sts_body_mfa(&a->base.profile->role, secret_expose(&a->mfa.used), &a->call.body, e) < 0)
                return -1;
        return signed_exchange_sign(&a->call, time_s, post, e);
}

static int assume_role_read(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                            struct error *e)
{
        return sts_answer_read("AssumeRole", response->body, scratch, ret, e);
}

static void assume_role_explain(void *owner, struct error *e)
{
        struct assume_role *a = owner;
        hints_assume_role(a->base.profile, e);
        if (a->mfa.used.n > 0)
                mfa_explain(a->base.profile, e);
        signed_exchange_explain(&a->call, e);
}

static void assume_role_done(void *owner, struct credentials *c, const struct error *e)
{
        struct assume_role *a = owner;
        mfa_forget_used(&a->mfa);
        signed_exchange_done(&a->call, c, e);
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

static const struct header assume_role_headers[] = {{SLICE_INIT("content-type"), SLICE_INIT(STS_CONTENT_TYPE)}};

static int assume_role_start(struct provider *p, struct error *e)
{
        struct assume_role *a = (struct assume_role *)p;
        int64_t now_ms = clock_boot_ms(a->call.exchange.deps.clock);
        if (a->base.profile->role.mfa_serial && mfa_take(&a->mfa, a->base.profile, now_ms, e) < 0)
                return -1;
        if (signed_exchange_start(&a->call, e) == 0)
                return 0;
        mfa_forget_used(&a->mfa);
        return -1;
}

static void assume_role_cancel(struct provider *p)
{
        signed_exchange_cancel(&((struct assume_role *)p)->call);
}

static void assume_role_destroy(struct provider *p)
{
        struct assume_role *a = (struct assume_role *)p;
        signed_exchange_deinit(&a->call);
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
        return mfa_give(&a->mfa, token_code, clock_boot_ms(a->call.exchange.deps.clock), e);
}

static void assume_role_login_status(const struct provider *p, struct login_status *ret)
{
        const struct assume_role *a = (const struct assume_role *)p;
        ret->kind = LOGIN_MFA;
        ret->mfa_serial = a->base.profile->role.mfa_serial;
}

int provider_assume_role_new(const struct provider_deps *deps, const struct profile *profile,
                             const struct credentials_source *source, struct provider **ret, struct error *e)
{
        static const struct provider_ops ops = {assume_role_start, assume_role_cancel, assume_role_destroy};
        static const struct login_ops login = {assume_role_login, assume_role_login_status};
        struct assume_role *a = calloc(1, sizeof(*a));
        if (!a)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        *a = (struct assume_role){.base = {.ops = &ops, .profile = profile}};
        a->base.login = profile->role.mfa_serial ? &login : NULL;
        a->call = (struct signed_exchange){
            .provider = &a->base, .source = *source, .headers = assume_role_headers, .headers_count = 1};
        if (signed_exchange_init(&a->call, &assume_role_exchange, deps, e) < 0) {
                free(a);
                return -1;
        }
        *ret = &a->base;
        return 0;
}
