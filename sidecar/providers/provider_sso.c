// SPDX-License-Identifier: Apache-2.0
// A role of IAM Identity Center by the access token of a login (GetRoleCredentials). The token is the AWS CLI's too, in
// the folder that both use. Loop thread only.
#include <stdlib.h>

#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/sso_http.h"
#include "sidecar/providers/sso_keeper.h"
#include "sidecar/providers/sso_login.h"

struct sso {
        struct provider base; // first: the interface is cast back
        struct sso_keeper keeper;
        struct sso_login *login;
        struct http_call *call; // of the portal
        bool is_cancelled, has_asked_again;
};

static void role_answered(void *arg, const struct http_response *response, const struct error *error);

static int ask_portal(struct sso *s, struct error *e)
{
        const struct sso_http http = {&s->keeper.deps, s->base.profile, role_answered, s};
        s->call = sso_http_portal(&http, s->keeper.token.access_token, e);
        return s->call ? 0 : error_context(e, "GetRoleCredentials");
}

static void finish(struct sso *s, struct credentials *c, const struct error *e)
{
        sso_login_fetch_ended(s->login, c != NULL, !c && e->kind == ERROR_INTERACTION);
        provider_finish(&s->base, c, c ? NULL : e);
}

static void token_is_there(void *owner, const struct error *error)
{
        struct sso *s = owner;
        struct error e = {0};
        if (error)
                e = *error;
        else if (s->is_cancelled)
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        else if (ask_portal(s, &e) == 0)
                return;
        finish(s, NULL, &e);
}

// A token may be revoked before its time, or was renewed meanwhile: once more with another. True: under way.
static bool tries_other_token(struct sso *s, struct error *e)
{
        if (s->has_asked_again)
                return false;
        s->has_asked_again = true;
        struct error why = {0};
        int r = sso_keeper_get(&s->keeper, s->keeper.token.access_token, &why);
        if (r == SSO_KEEPER_THERE)
                r = ask_portal(s, &why);
        if (r == 0)
                return true;
        struct error refused = *e; // what AWS said goes with it
        *e = why;
        e->upstream = refused.upstream;
        return false;
}

static void say_login(const struct sso *s, struct error *e)
{
        struct error hint = {0};
        (void)sso_token_missing(s->base.profile, &hint, "the token is not accepted");
        e->kind = ERROR_INTERACTION;
        (void)error_hint(e, "%s", hint.hint);
}

static void refuse(const struct sso *s, const struct http_response *response, struct error *e)
{
        sso_http_refusal(response, "GetRoleCredentials", s->base.profile, e);
        if (strcmp(e->upstream.code, "UnauthorizedException") == 0 || (response->status == 401 && e->upstream.code[0]))
                say_login(s, e);
        else if (e->kind == ERROR_DENIED)
                (void)error_hint(e, "Check sso_account_id and sso_role_name: the person who logged in must be assigned "
                                    "this permission set in this account.");
}

static struct credentials *accept(struct sso *s, const struct http_response *response, struct error *e)
{
        struct buffer scratch;
        struct answer answer;
        struct credentials *c = NULL;
        int64_t date_s = 0;
        buffer_init(&scratch, (size_t)4 * LIMIT_UPSTREAM_BODY);
        int r = sso_http_read(response, &scratch, &answer, e);
        answer.account_id = slice_str(s->base.profile->sso.account_id);
        if (r < 0)
                (void)answer_unreadable(NULL, response->status, response->body.n, e);
        else if (!slice_is_empty(answer.access_key_id) &&
                 time_parse_http_date(slice_trim(http_response_field(response, SLICE("date"))), &date_s) == 0)
                upstream_clock_learn(&s->keeper.time, date_s, response->boot_ms);
        if (r == 0 && answer_credentials(&answer, NULL, &s->keeper.time, s->keeper.deps.clock, &c, e) < 0)
                c = NULL;
        buffer_free(&scratch);
        return c;
}

static void role_answered(void *arg, const struct http_response *response, const struct error *error)
{
        struct sso *s = arg;
        struct error e = {0};
        struct credentials *c = NULL;
        s->call = NULL;
        if (s->is_cancelled) {
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        } else if (error) {
                e = *error;
        } else if (response->status >= 200 && response->status < 300) {
                c = accept(s, response, &e);
        } else {
                refuse(s, response, &e);
                if (e.kind == ERROR_INTERACTION && tries_other_token(s, &e))
                        return;
        }
        if (!c && e.kind != ERROR_INTERACTION && e.upstream.code[0] == '\0')
                (void)error_context(&e, "GetRoleCredentials for %.128s", s->base.profile->sso.role_name);
        finish(s, c, &e);
}

static int sso_start(struct provider *p, struct error *e)
{
        struct sso *s = (struct sso *)p;
        s->is_cancelled = false;
        s->has_asked_again = false;
        s->keeper.waits = 0;
        // A token that was refused is not tried again; there may be another one by now.
        sso_login_fetch_begins(s->login);
        int r = sso_keeper_get(&s->keeper, buffer_slice(&s->keeper.refused), e);
        if (r == SSO_KEEPER_THERE)
                r = ask_portal(s, e);
        if (r < 0)
                sso_login_fetch_ended(s->login, false, e->kind == ERROR_INTERACTION);
        return r;
}

static void sso_cancel(struct provider *p)
{
        struct sso *s = (struct sso *)p;
        s->is_cancelled = true;
        sso_keeper_cancel(&s->keeper);
        if (s->call)
                http_call_cancel(s->call);
}

static void sso_destroy(struct provider *p)
{
        struct sso *s = (struct sso *)p;
        sso_login_free(s->login);
        sso_keeper_deinit(&s->keeper);
        free(s);
}

static int sso_log_in(struct provider *p, struct slice token_code, struct error *e)
{
        if (token_code.n > 0)
                return error_set(e, ERROR_CONFIG, "IAM Identity Center takes no code");
        return sso_login_begin(((struct sso *)p)->login, e);
}

static void sso_report_login(const struct provider *p, struct login_status *ret)
{
        const struct sso *s = (const struct sso *)p;
        sso_login_status(s->login, ret);
        if (ret->state == LOGIN_COMPLETE && s->keeper.file.held.n == 0) // it has been written since
                ret->error = NULL;
}

static void login_moved(void *owner)
{
        provider_login_moved(owner);
}

static int login_hold(void *owner, struct slice text, struct error *e)
{
        return sso_keeper_hold(&((struct sso *)owner)->keeper, text, e);
}

int provider_sso_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                     struct error *e)
{
        static const struct provider_ops ops = {sso_start, sso_cancel, sso_destroy};
        static const struct login_ops login = {sso_log_in, sso_report_login};
        struct sso *s = calloc(1, sizeof(*s));
        if (s)
                s->base = (struct provider){.ops = &ops, .login = &login, .profile = profile};
        if (s)
                s->login = sso_login_new(deps, &s->base, &(struct sso_login_owner){login_moved, login_hold, &s->base});
        if (!s || !s->login) {
                free(s);
                return error_set(e, ERROR_INTERNAL, "out of memory");
        }
        sso_keeper_init(&s->keeper, deps, &s->base);
        s->keeper.done = token_is_there;
        s->keeper.owner = s;
        *ret = &s->base;
        return 0;
}
