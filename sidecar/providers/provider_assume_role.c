// SPDX-License-Identifier: Apache-2.0
// A role by the credentials of another profile (AssumeRole, signed). The base credentials come from their own cache, so
// that every profile on one source shares them. Loop thread only.
#include <stdlib.h>

#include "sidecar/config/profile.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/mfa.h"
#include "sidecar/providers/signed_call.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/sts_answer.h"
#include "sidecar/providers/sts_body.h"

struct assume_role {
        struct provider base; // first: the interface is cast back
        struct signed_call call;
        struct mfa mfa; // where the profile has an mfa_serial
};

static int assume_role_write(void *owner, struct upstream_request *r, struct error *e)
{
        struct assume_role *a = owner;
        const struct role_settings *role = &a->base.profile->role;
        if (sts_body_assume_role(role, &r->body, e) < 0)
                return -1;
        if (a->mfa.used.n > 0 && sts_body_mfa(role, secret_expose(&a->mfa.used), &r->body, e) < 0)
                return -1;
        upstream_request_add_field(r, "content-type", SLICE(STS_CONTENT_TYPE));
        return signed_call_sign(&a->call, r, e);
}

static int assume_role_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        return sts_answer_read("AssumeRole", body, scratch, ret, e);
}

static void assume_role_explain(void *owner, struct error *e)
{
        struct assume_role *a = owner;
        hints_explain(&(struct hints_context){.call = HINTS_ASSUME_ROLE, .profile = a->base.profile}, e);
        if (a->mfa.used.n > 0)
                mfa_explain(a->base.profile, e);
        signed_call_explain(&a->call, e);
}

static void assume_role_done(void *owner, struct credentials *c, const struct error *e)
{
        struct assume_role *a = owner;
        secret_clear(&a->mfa.used);
        signed_call_done(&a->call, c, e);
}

static const struct upstream_call_ops assume_role_call = {
    .service = "sts",
    .action = "AssumeRole for",
    .is_signed = true,
    .write = assume_role_write,
    .read = assume_role_read,
    .explain = assume_role_explain,
    .done = assume_role_done,
};

static int assume_role_init(struct provider *p, struct error *e)
{
        (void)e;
        signed_call_init(&((struct assume_role *)p)->call, &assume_role_call, p);
        if (!p->profile->role.mfa_serial)
                p->login = NULL;
        return 0;
}

static int assume_role_start(struct provider *p, struct error *e)
{
        struct assume_role *a = (struct assume_role *)p;
        if (p->profile->role.mfa_serial && mfa_take(&a->mfa, p->profile, clock_boot_ms(p->deps.clock), e) < 0)
                return -1;
        if (signed_call_start(&a->call, e) == 0)
                return 0;
        secret_clear(&a->mfa.used);
        return -1;
}

static void assume_role_cancel(struct provider *p)
{
        signed_call_cancel(&((struct assume_role *)p)->call);
}

static void assume_role_destroy(struct provider *p)
{
        struct assume_role *a = (struct assume_role *)p;
        mfa_forget(&a->mfa);
        free(a);
}

// --- the code of the MFA device ---

static int assume_role_login(struct provider *p, struct slice token_code, struct error *e)
{
        struct assume_role *a = (struct assume_role *)p;
        if (p->is_running) {
                (void)error_set(e, ERROR_CONFIG, "another MFA code is being tried");
                return error_hint(e, "wait until that has succeeded or failed");
        }
        return mfa_give(&a->mfa, token_code, clock_boot_ms(p->deps.clock), e);
}

static void assume_role_login_status(const struct provider *p, struct login_status *ret)
{
        ret->kind = LOGIN_MFA;
        ret->mfa_serial = p->profile->role.mfa_serial;
}

static int assume_role_logout(struct provider *p, struct error *e)
{
        (void)e;
        mfa_forget_given(&((struct assume_role *)p)->mfa);
        return 0;
}

static const struct login_ops login = {assume_role_login, assume_role_login_status, assume_role_logout};

const struct provider_ops source_assume_role = {
    .start = assume_role_start,
    .cancel = assume_role_cancel,
    .destroy = assume_role_destroy,
    .size = sizeof(struct assume_role),
    .is_chained = true,
    .init = assume_role_init,
    .login = &login,
};
