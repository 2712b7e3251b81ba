// SPDX-License-Identifier: Apache-2.0
// A role by an OpenID Connect token (AssumeRoleWithWebIdentity, unsigned): EKS service accounts, jobs of GitHub Actions
// and the like. Every call gets a new token: from a file, which its issuer renews, or from a service. Loop thread only.
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/base/file.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/github_token.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/sts_answer.h"
#include "sidecar/providers/sts_body.h"
#include "sidecar/providers/upstream_call.h"

struct web_identity {
        struct provider base; // first: the interface is cast back
        struct upstream_call call;
        struct buffer token; // while a call is under way
        bool has_read_again;
};

static int read_token(const struct web_identity *w, struct buffer *token, struct error *e)
{
        buffer_init(token, LIMIT_TOKEN_FILE);
        if (file_read_trimmed(w->base.profile->web_identity_token_file, "web identity token file", token, e) == 0)
                return 0;
        buffer_free(token);
        return -1;
}

static void finish(struct web_identity *w, struct credentials *c, const struct error *e)
{
        buffer_free(&w->token);
        provider_finish(&w->base, c, e);
}

// --- the role ---

static int role_write(void *owner, struct upstream_request *r, struct error *e)
{
        const struct web_identity *w = owner;
        upstream_request_add_field(r, "content-type", SLICE(STS_CONTENT_TYPE));
        return sts_body_web_identity(&w->base.profile->role, buffer_slice(&w->token), &r->body, e);
}

static int role_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        return sts_answer_read("AssumeRoleWithWebIdentity", body, scratch, ret, e);
}

static void role_explain(void *owner, struct error *e)
{
        const struct web_identity *w = owner;
        const struct hints_context context = {
            .call = HINTS_WEB_IDENTITY, .profile = w->base.profile, .token = buffer_slice(&w->token)};
        hints_explain(&context, e);
}

static bool tries_newer_token(struct web_identity *w, const struct error *e);

static void role_done(void *owner, struct credentials *c, const struct error *e)
{
        struct web_identity *w = owner;
        if (!e || !tries_newer_token(w, e))
                finish(w, c, e);
}

static const struct upstream_call_ops role_call = {
    .service = "sts",
    .action = "AssumeRoleWithWebIdentity for",
    .write = role_write,
    .read = role_read,
    .explain = role_explain,
    .done = role_done,
};

// The file may have been renewed between its reading and AWS's judgement: true when another token is being tried.
static bool tries_newer_token(struct web_identity *w, const struct error *e)
{
        bool is_about_token = strcmp(e->upstream.code, "ExpiredTokenException") == 0 ||
                              strcmp(e->upstream.code, "InvalidIdentityToken") == 0;
        if (!is_about_token || w->has_read_again || !w->base.profile->web_identity_token_file)
                return false;
        w->has_read_again = true;
        struct buffer newer;
        if (read_token(w, &newer, NULL) < 0)
                return false;
        if (slice_eq(buffer_slice(&newer), buffer_slice(&w->token))) {
                buffer_free(&newer);
                return false;
        }
        buffer_free(&w->token);
        w->token = newer;
        return upstream_call_start(&w->call, &role_call, NULL) == 0;
}

// --- a token of GitHub Actions ---

static int github_write(void *owner, struct upstream_request *r, struct error *e)
{
        (void)e;
        github_token_write(((struct provider *)owner)->profile, r);
        return 0;
}

static int github_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        struct web_identity *w = owner;
        if (buffer_put(&w->token, o->answer->document) == 0)
                return 0;
        return error_set(e, ERROR_INTERNAL, "out of memory for the web identity token");
}

static void github_explain(void *owner, struct error *e)
{
        (void)owner;
        github_token_explain(e);
}

static void github_done(void *owner, struct credentials *c, const struct error *e)
{
        struct web_identity *w = owner;
        struct error why = {.kind = ERROR_NONE};
        if (e || upstream_call_start(&w->call, &role_call, &why) < 0)
                finish(w, c, e ? e : &why);
}

static const struct upstream_call_ops github_call = {
    .service = "github",
    .action = "web identity token of GitHub Actions for",
    .method = "GET",
    .is_not_aws = true,
    .terms = &github_token_terms,
    .subject = github_token_subject,
    .write = github_write,
    .read = github_token_read,
    .accept = github_accept,
    .explain = github_explain,
    .done = github_done,
};

// --- the provider ---

static int web_identity_init(struct provider *p, struct error *e)
{
        struct web_identity *w = (struct web_identity *)p;
        (void)e;
        upstream_call_init(&w->call, p, p);
        buffer_init(&w->token, LIMIT_TOKEN_FILE);
        return 0;
}

static int web_identity_start(struct provider *p, struct error *e)
{
        struct web_identity *w = (struct web_identity *)p;
        w->has_read_again = false;
        if (p->profile->web_identity.token_source)
                return upstream_call_start(&w->call, &github_call, e);
        if (read_token(w, &w->token, e) < 0)
                return -1;
        if (upstream_call_start(&w->call, &role_call, e) == 0)
                return 0;
        buffer_free(&w->token);
        return -1;
}

static void web_identity_cancel(struct provider *p)
{
        upstream_call_cancel(&((struct web_identity *)p)->call);
}

const struct provider_ops source_web_identity = {
    .start = web_identity_start,
    .cancel = web_identity_cancel,
    .size = sizeof(struct web_identity),
    .init = web_identity_init,
};
