// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/get_web_identity_token.h"

#include <errno.h>
#include <stdlib.h>

#include "sidecar/config/profile.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/jwt.h"
#include "sidecar/providers/signed_call.h"
#include "sidecar/providers/sts_answer.h"
#include "sidecar/providers/sts_body.h"

enum { BODY_MAX = 64 * 1024 }; // the largest request of the API, each byte of it escaped, is less

struct token_provider {
        struct provider base; // first: the interface is cast back
        struct signed_call call;
        struct web_identity_endpoint at;
        struct buffer body;
};

static struct slice subject(const struct profile *profile)
{
        return slice_str(profile->role.role_arn ? profile->role.role_arn : profile_shown_name(profile));
}

static int write_request(void *owner, struct upstream_request *r, struct error *e)
{
        struct token_provider *t = owner;
        upstream_request_put_url(r, t->at.url, "/");
        if (buffer_put(&r->body, buffer_slice(&t->body)) < 0 || r->url.failed)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        upstream_request_add_field(r, "content-type", SLICE(STS_CONTENT_TYPE));
        return signed_call_sign(&t->call, r, e);
}

static int read_answer(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        return sts_answer_read("GetWebIdentityToken", body, scratch, ret, e);
}

static int accept_token(void *owner, struct upstream_outcome *o, struct error *e)
{
        const struct token_provider *t = owner;
        struct slice token = o->answer->document;
        if (token.n == 0 || o->answer->expiration.n == 0)
                return answer_incomplete(token.n == 0 ? "WebIdentityToken" : "Expiration", e);
        int shape = jwt_check_shape(token);
        if (shape == -ENOMEM)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (shape < 0)
                return error_set(e, ERROR_PROTOCOL, "WebIdentityToken is not a signed JWT");
        const struct answer session = {.access_key_id = SLICE("web-identity-token"),
                                       .secret_access_key = SLICE("none"),
                                       .session_token = token,
                                       .expiration = o->answer->expiration};
        return answer_credentials(&session, NULL, &t->base.time, t->base.deps.clock, &o->c, e);
}

static void explain(void *owner, struct error *e)
{
        struct token_provider *t = owner;
        hints_explain(&(struct hints_context){.call = HINTS_GET_WEB_IDENTITY_TOKEN, .profile = t->base.profile}, e);
        signed_call_explain(&t->call, e);
}

static void done(void *owner, struct credentials *c, const struct error *e)
{
        struct token_provider *t = owner;
        signed_call_done(&t->call, c, e);
}

static const struct upstream_call_ops call_ops = {
    .service = "sts",
    .action = "GetWebIdentityToken for",
    .is_signed = true,
    .subject = subject,
    .write = write_request,
    .read = read_answer,
    .accept = accept_token,
    .explain = explain,
    .done = done,
};

static int start(struct provider *p, struct error *e)
{
        return signed_call_start(&((struct token_provider *)p)->call, e);
}

static void cancel(struct provider *p)
{
        signed_call_cancel(&((struct token_provider *)p)->call);
}

static void destroy(struct provider *p)
{
        struct token_provider *t = (struct token_provider *)p;
        buffer_free(&t->body);
        free(t);
}

static const struct provider_ops ops = {.start = start, .cancel = cancel, .destroy = destroy};

int get_web_identity_token_new(const struct provider_deps *deps, const struct profile *profile,
                               const struct credentials_source *source, const struct web_identity_endpoint *at,
                               const struct web_identity_request *request, struct provider **ret, struct error *e)
{
        struct token_provider *t = calloc(1, sizeof(*t));
        if (!t)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        t->base = (struct provider){.ops = &ops, .deps = *deps, .profile = profile, .source = *source};
        t->at = *at;
        buffer_init(&t->body, BODY_MAX);
        if (sts_body_get_web_identity_token(request, &t->body, e) < 0) {
                destroy(&t->base);
                return -1;
        }
        signed_call_init(&t->call, &call_ops, &t->base);
        t->call.region = t->at.region;
        t->call.base_life_s = request->duration_seconds > 0 ? request->duration_seconds : WEB_IDENTITY_LIFE_DEFAULT_S;
        profile_hold(profile); // until provider_free()
        *ret = &t->base;
        return 0;
}
