// SPDX-License-Identifier: Apache-2.0
// A role by an OpenID Connect token (AssumeRoleWithWebIdentity, unsigned): EKS service accounts, jobs of GitHub Actions
// and the like. The token comes from a file, which its issuer renews and a worker reads, or from a service; in either
// case anew for every call. What is not a JWT is not sent: whatever file was named.
#include <errno.h>
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/file_task.h"
#include "sidecar/providers/github_token.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/jwt.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/sts_answer.h"
#include "sidecar/providers/sts_body.h"
#include "sidecar/providers/upstream_call.h"

struct web_identity {
        struct provider base; // first: the interface is cast back
        struct upstream_call call;
        struct file_task *task; // reads the token
        struct buffer token;    // while a call is under way
        bool has_read_again;
};

// What is not a JWT goes nowhere. 0, or -1 with *e.
static int check_token(const struct profile *p, struct slice token, struct error *e)
{
        const char *path = p->web_identity_token_file;
        int r = jwt_check_shape(token);
        if (r == 0)
                return 0;
        if (r == -ENOMEM)
                return error_set(e, ERROR_INTERNAL, "out of memory for the web identity token");
        if (!path)
                return error_set(e, ERROR_PROTOCOL, "the answer does not contain a JSON Web Token");
        (void)error_set(e, ERROR_CONFIG, "web identity token file %s: does not contain a JSON Web Token", path);
        return error_hint(e,
                          "check web_identity_token_file: the file contains the token alone, three parts in base64url "
                          "with dots between them; nothing else is sent");
}

// --- the file, in a worker ---

struct reading {
        const struct profile *profile;
        struct buffer token;
        struct error refused; // of AWS, about the token before; kind ERROR_NONE: this is the first
};

static void read_token(void *work, struct error *e)
{
        struct reading *r = work;
        const struct profile *p = r->profile;
        if (file_task_read(p, p->web_identity_token_file, "web identity token file", true, &r->token, e) == 0)
                (void)check_token(p, buffer_slice(&r->token), e);
}

static void clear(void *work)
{
        buffer_free(&((struct reading *)work)->token);
}

static const struct file_task_ops reading = {.size = sizeof(struct reading), .run = read_token, .clear = clear};

static void on_read(void *owner, const struct error *error);

// on_read() follows, or -1 with *e.
static int start_reading(struct web_identity *w, const struct error *refused, struct error *e)
{
        const struct profile *p = w->base.profile;
        w->task = file_task_new(&w->base, &reading, on_read, w);
        if (!w->task)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        struct reading *r = file_task_work(w->task);
        r->profile = p;
        if (refused)
                r->refused = *refused;
        buffer_init(&r->token, LIMIT_TOKEN_FILE);
        file_task_start(w->task, p->web_identity_token_file);
        return 0;
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

// The file may have been renewed between its reading and AWS's judgement: true when it is read again.
static bool tries_newer_token(struct web_identity *w, const struct error *e)
{
        bool is_about_token = strcmp(e->upstream.code, "ExpiredTokenException") == 0 ||
                              strcmp(e->upstream.code, "InvalidIdentityToken") == 0;
        if (!is_about_token || w->has_read_again || !w->base.profile->web_identity_token_file)
                return false;
        w->has_read_again = true;
        return start_reading(w, e, NULL) == 0;
}

// Goes on with the token. Where it is the one that AWS refused, or cannot be read, that refusal is the error.
static int use_token(struct web_identity *w, struct reading *r, struct error *e)
{
        bool is_again = r->refused.kind != ERROR_NONE;
        if (is_again && slice_eq(buffer_slice(&r->token), buffer_slice(&w->token))) {
                *e = r->refused;
                return -1;
        }
        buffer_free(&w->token);
        w->token = r->token;
        buffer_init(&r->token, LIMIT_TOKEN_FILE);
        if (upstream_call_start(&w->call, &role_call, e) == 0)
                return 0;
        if (is_again)
                *e = r->refused;
        return -1;
}

static void on_read(void *owner, const struct error *error)
{
        struct web_identity *w = owner;
        struct file_task *task = w->task;
        struct error e = {.kind = ERROR_NONE};
        w->task = NULL;
        int result = -1;
        if (error && error->timed_out) { // a thread may still have it
                e = *error;
        } else {
                struct reading *r = file_task_work(task);
                if (error)
                        e = r->refused.kind != ERROR_NONE ? r->refused : *error;
                else if (w->base.is_cancelled)
                        (void)error_set(&e, ERROR_CANCELLED, "cancelled");
                else
                        result = use_token(w, r, &e);
        }
        file_task_free(task);
        if (result < 0)
                finish(w, NULL, &e);
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
        if (check_token(w->base.profile, o->answer->document, e) < 0)
                return -1;
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
        return start_reading(w, NULL, e);
}

static void on_cancelled(void *arg)
{
        struct error e;
        (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        finish(arg, NULL, &e);
}

static void web_identity_cancel(struct provider *p)
{
        struct web_identity *w = (struct web_identity *)p;
        upstream_call_cancel(&w->call);
        if (!w->task || !delay_start(p->deps.loop, 0, on_cancelled, w))
                return;
        file_task_free(w->task);
        w->task = NULL;
}

const struct provider_ops source_web_identity = {
    .start = web_identity_start,
    .cancel = web_identity_cancel,
    .size = sizeof(struct web_identity),
    .init = web_identity_init,
};
