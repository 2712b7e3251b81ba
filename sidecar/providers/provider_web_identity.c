// SPDX-License-Identifier: Apache-2.0
// A role by an OpenID Connect token (AssumeRoleWithWebIdentity, unsigned): EKS service accounts, jobs of GitHub Actions
// and the like. The token comes from a file, which whoever issues it renews, or from a service; in either case anew for
// every exchange. Loop thread only.
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/base/file.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/exchange.h"
#include "sidecar/providers/github_token.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/sts_answer.h"
#include "sidecar/providers/sts_body.h"

// A token grows to three times its size at worst, the policy likewise.
enum { BODY_MAX = 4 * LIMIT_TOKEN_FILE };

struct web_identity {
        struct provider base; // first: the interface is cast back
        struct exchange exchange;
        struct github_token github; // where the token comes from, if not from a file
        struct buffer token, body;  // while a call is under way
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

static void forget(struct web_identity *w)
{
        buffer_free(&w->token);
        buffer_free(&w->body);
}

static int web_identity_prepare(void *owner, int64_t time_s, struct exchange_post *post, struct error *e)
{
        (void)time_s;
        struct web_identity *w = owner;
        buffer_reset(&w->body);
        if (sts_body_web_identity(&w->base.profile->role, buffer_slice(&w->token), &w->body, e) < 0)
                return -1;
        exchange_post_field(post, "content-type", SLICE(STS_CONTENT_TYPE));
        post->body = buffer_slice(&w->body);
        return 0;
}

static int web_identity_read(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                             struct error *e)
{
        return sts_answer_read("AssumeRoleWithWebIdentity", response->body, scratch, ret, e);
}

static void web_identity_explain(void *owner, struct error *e)
{
        const struct web_identity *w = owner;
        hints_web_identity(w->base.profile, buffer_slice(&w->token), e);
}

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
        return exchange_start(&w->exchange, NULL) == 0;
}

static void web_identity_done(void *owner, struct credentials *c, const struct error *e)
{
        struct web_identity *w = owner;
        if (e && tries_newer_token(w, e))
                return;
        forget(w);
        provider_finish(&w->base, c, e);
}

static const struct exchange_ops web_identity_exchange = {
    .service = "sts",
    .action = "AssumeRoleWithWebIdentity",
    .path = "/",
    .is_signed = false,
    .prepare = web_identity_prepare,
    .read = web_identity_read,
    .explain = web_identity_explain,
    .done = web_identity_done,
};

// The exchange, now that there is a token; what it was is forgotten where that fails.
static int start_exchange(struct web_identity *w, struct error *e)
{
        if (exchange_start(&w->exchange, e) == 0)
                return 0;
        forget(w);
        return -1;
}

static void has_fetched(void *arg, struct slice token, const struct error *error)
{
        struct web_identity *w = arg;
        struct error e = {.kind = ERROR_NONE};
        if (error)
                e = *error;
        else if (buffer_put(&w->token, token) < 0)
                (void)error_set(&e, ERROR_INTERNAL, "out of memory for the web identity token");
        else if (start_exchange(w, &e) == 0)
                return;
        forget(w); // and that there was no memory for it
        provider_finish(&w->base, NULL, &e);
}

static int web_identity_start(struct provider *p, struct error *e)
{
        struct web_identity *w = (struct web_identity *)p;
        w->has_read_again = false;
        if (w->base.profile->web_identity.token_source)
                return github_token_start(&w->github, w->base.profile, w->exchange.deps.http, e);
        return read_token(w, &w->token, e) < 0 ? -1 : start_exchange(w, e);
}

static void web_identity_cancel(struct provider *p)
{
        struct web_identity *w = (struct web_identity *)p;
        github_token_cancel(&w->github);
        exchange_cancel(&w->exchange);
}

static void web_identity_destroy(struct provider *p)
{
        struct web_identity *w = (struct web_identity *)p;
        exchange_deinit(&w->exchange);
        free(w);
}

int provider_web_identity_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                              struct error *e)
{
        static const struct provider_ops ops = {web_identity_start, web_identity_cancel, web_identity_destroy};
        struct web_identity *w = calloc(1, sizeof(*w));
        if (!w)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        w->base.ops = &ops;
        w->base.profile = profile;
        w->github = (struct github_token){.done = has_fetched, .arg = w};
        buffer_init(&w->token, LIMIT_TOKEN_FILE);
        buffer_init(&w->body, BODY_MAX);
        if (exchange_init(&w->exchange, &web_identity_exchange, w, deps, &w->base, e) < 0) {
                free(w);
                return -1;
        }
        *ret = &w->base;
        return 0;
}
