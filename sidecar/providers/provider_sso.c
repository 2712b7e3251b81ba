// SPDX-License-Identifier: Apache-2.0
// A role of IAM Identity Center by the access token of a login (GetRoleCredentials). The token is the AWS CLI's too, in
// the folder that both use. Loop thread only.
#include <stdlib.h>

#include "proto/mem/text.h"
#include "proto/wire/credentials.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/sso_answer.h"
#include "sidecar/providers/sso_cache.h"
#include "sidecar/providers/sso_login.h"
#include "sidecar/providers/sso_logout.h"
#include "sidecar/providers/sso_token_cache.h"

struct sso {
        struct provider base; // first: the interface is cast back
        struct sso_token_cache cache;
        struct sso_login login;
        struct sso_logout logout;
        struct upstream_call portal;
        bool has_asked_again;
        struct error_upstream refused; // by the portal, before it was asked again
};

static void finish(struct sso *s, struct credentials *c, const struct error *e)
{
        sso_login_fetch_ended(&s->login, c != NULL, e && e->kind == ERROR_INTERACTION);
        if (c)
                s->logout.error.kind = ERROR_NONE;
        provider_finish(&s->base, c, e);
}

// --- the portal ---

static struct slice role_subject(const struct profile *p)
{
        return slice_str(p->sso.role_name);
}

static int role_write(void *owner, struct upstream_request *r, struct error *e)
{
        const struct sso *s = owner;
        const struct profile *p = s->base.profile;
        (void)e;
        upstream_request_put_url(r, p->endpoint_url, "/federation/credentials?role_name=");
        (void)text_percent_encode(slice_str(p->sso.role_name), false, &r->url);
        (void)buffer_put_str(&r->url, "&account_id=");
        (void)text_percent_encode(slice_str(p->sso.account_id), false, &r->url);
        upstream_request_add_field(r, "x-amz-sso_bearer_token", s->cache.token.access_token);
        return 0;
}

static int role_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        const struct provider *p = owner;
        struct answer of_account = *o->answer;
        of_account.account_id = slice_str(p->profile->sso.account_id);
        return answer_credentials(&of_account, NULL, &p->time, p->deps.clock, &o->c, e);
}

static void role_explain(void *owner, struct error *e)
{
        const struct provider *p = owner;
        if (strcmp(e->upstream.code, "UnauthorizedException") == 0 ||
            (e->upstream.status == 401 && e->upstream.code[0] != '\0')) {
                e->kind = ERROR_INTERACTION;
                sso_token_hint_login(p->profile, e);
        } else if (e->kind == ERROR_DENIED) {
                (void)error_hint(e, "check sso_account_id and sso_role_name: the user who logged in must be assigned "
                                    "this permission set in this account");
        }
}

static void token_is_ready(struct provider *p, const struct error *error);
static void role_done(void *owner, struct credentials *c, const struct error *error);

static const struct upstream_call_ops role_call = {
    .service = "sso",
    .action = "GetRoleCredentials for",
    .method = "GET",
    .subject = role_subject,
    .write = role_write,
    .read = sso_answer_read,
    .accept = role_accept,
    .explain = role_explain,
    .done = role_done,
};

// A token may be revoked before its time, or was renewed meanwhile: once more with another.
static void role_done(void *owner, struct credentials *c, const struct error *error)
{
        struct sso *s = owner;
        struct error why = {.kind = ERROR_NONE};
        bool is_refused = error && error->kind == ERROR_INTERACTION;
        if (!is_refused || s->has_asked_again) {
                finish(s, c, error);
                return;
        }
        s->has_asked_again = true;
        s->refused = error->upstream;
        if (sso_token_cache_get(&s->cache, s->cache.token.access_token, &why) < 0)
                token_is_ready(&s->base, &why);
}

static void token_is_ready(struct provider *p, const struct error *error)
{
        struct sso *s = (struct sso *)p;
        struct error e = {.kind = ERROR_NONE};
        if (error)
                e = *error;
        else if (p->is_cancelled)
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        else if (upstream_call_start(&s->portal, &role_call, &e) == 0)
                return;
        if (s->has_asked_again && e.upstream.status == 0)
                e.upstream = s->refused; // AWS's refusal goes with it
        finish(s, NULL, &e);
}

// --- the provider ---

static int sso_init(struct provider *p, struct error *e)
{
        struct sso *s = (struct sso *)p;
        (void)e;
        sso_token_cache_init(&s->cache, p, token_is_ready);
        sso_login_init(&s->login, p, &s->cache);
        sso_logout_init(&s->logout, p);
        upstream_call_init(&s->portal, p, p);
        return 0;
}

static int sso_start(struct provider *p, struct error *e)
{
        struct sso *s = (struct sso *)p;
        if (s->logout.is_under_way) {
                (void)error_set(e, ERROR_INTERACTION, "the user is being logged out");
                sso_token_hint_login(p->profile, e);
                return -1;
        }
        s->has_asked_again = false;
        s->cache.file.waits = 0;
        sso_login_fetch_begins(&s->login);
        // A token that was refused is not tried again; there may be another one by now.
        int r = sso_token_cache_get(&s->cache, buffer_slice(&s->cache.refused), e);
        if (r < 0)
                sso_login_fetch_ended(&s->login, false, e->kind == ERROR_INTERACTION);
        return r;
}

static void sso_cancel(struct provider *p)
{
        struct sso *s = (struct sso *)p;
        upstream_call_cancel(&s->portal);
        token_file_cancel(&s->cache.file);
}

static void sso_destroy(struct provider *p)
{
        struct sso *s = (struct sso *)p;
        sso_login_deinit(&s->login);
        sso_logout_deinit(&s->logout);
        sso_token_cache_deinit(&s->cache);
        free(s);
}

static int sso_begin_login(struct provider *p, struct slice token_code, struct error *e)
{
        if (token_code.n > 0)
                return error_set(e, ERROR_CONFIG, "IAM Identity Center takes no MFA code");
        struct sso *s = (struct sso *)p;
        if (s->logout.is_under_way)
                return error_set(e, ERROR_TRANSIENT, "the user is being logged out");
        s->logout.error.kind = ERROR_NONE;
        return sso_login_begin(&s->login, e);
}

static void sso_report_login(const struct provider *p, struct login_status *ret)
{
        const struct sso *s = (const struct sso *)p;
        sso_login_status(&s->login, ret);
        if (ret->state == LOGIN_COMPLETE && s->cache.file.pending.n == 0) // it has been written since
                ret->error = NULL;
        ret->session = sso_cache_token_key(p->profile);
        ret->sso_region = p->profile->sso.region;
        if (s->logout.is_under_way) {
                ret->state = LOGIN_ENDING;
        } else if (ret->state == LOGIN_IDLE && s->logout.error.kind != ERROR_NONE) {
                ret->state = s->logout.has_failed ? LOGIN_FAILED : LOGIN_IDLE;
                ret->error = &s->logout.error;
        }
}

static int sso_end_login(struct provider *p, struct error *e)
{
        struct sso *s = (struct sso *)p;
        if (sso_logout_begin(&s->logout, buffer_slice(&s->cache.file.pending), e) < 0)
                return -1;
        sso_login_cancel(&s->login);
        sso_token_cache_forget(&s->cache);
        return 0;
}

static const struct login_ops login = {sso_begin_login, sso_report_login, sso_end_login};

const struct provider_ops source_sso = {
    .start = sso_start,
    .cancel = sso_cancel,
    .destroy = sso_destroy,
    .size = sizeof(struct sso),
    .init = sso_init,
    .login = &login,
};
