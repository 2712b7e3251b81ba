// SPDX-License-Identifier: Apache-2.0
// GitHub Docs, "OpenID Connect reference", "Methods for requesting the OIDC token"; actions/toolkit, packages/core,
// oidc-utils.ts: GET of the URL with an audience, a bearer token, {"value": "…"}.
#include "sidecar/providers/github_token.h"

#include <errno.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/http_client.h"
#include "sidecar/providers/jwt.h"
#include "sidecar/providers/members.h"

#define PERMISSION                                                                                                     \
        "Give the job \"permissions: id-token: write\". The agent's right to ask for tokens ends with the job that "   \
        "started it."

enum { URL_MAX = 16 * 1024, AUTHORIZATION_MAX = 20 * 1024 };
enum { CONNECT_TIMEOUT_MS = 3000, READ_TIMEOUT_MS = 7000 };

// Three parts of base64url, of which the second says something. Whether it is genuine is AWS's to judge.
static int check_token(struct slice token)
{
        struct jwt_claims claims;
        for (size_t i = 0; i < token.n; i++)
                if (!text_is_unreserved(token.p[i]) || token.p[i] == '~')
                        return -1;
        return jwt_read_claims(token, &claims);
}

int github_token_read(struct slice body, struct buffer *scratch, struct slice *ret, struct error *e)
{
        static const struct member_rule rules[] = {{"value", 0, MEMBER_TEXT, true}};
        *ret = (struct slice){NULL, 0};
        if (members_read(body, rules, LENGTH(rules), scratch, ret, e) < 0)
                return -1;
        if (ret->n > LIMIT_TOKEN_FILE)
                return error_set(e, ERROR_PROTOCOL, "its token is too long");
        int r = check_token(*ret);
        if (r == -ENOMEM)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        return r < 0 ? error_set(e, ERROR_PROTOCOL, "\"value\" is not a JSON Web Token") : 0;
}

static int refuse_status(int status, struct error *e)
{
        enum error_kind kind = status == 429                    ? ERROR_THROTTLED
                               : status >= 500 || status == 408 ? ERROR_TRANSIENT
                                                                : ERROR_DENIED;
        (void)error_set(e, kind, "the token service answered with HTTP %d", status);
        return kind == ERROR_DENIED ? error_hint(e, PERMISSION)
                                    : error_hint(e, "GitHub has trouble of its own. The next attempt comes by itself.");
}

static int judge(const struct http_response *response, struct buffer *scratch, struct slice *ret, struct error *e)
{
        if (response->status != 200)
                return refuse_status(response->status, e);
        if (github_token_read(response->body, scratch, ret, e) == 0)
                return 0;
        bool is_wrong = e->kind != ERROR_INTERNAL;
        (void)error_context(e, "the answer (%zu bytes) cannot be used", response->body.n);
        return error_hint(e, "%s",
                          is_wrong ? "check the proxy settings (HTTPS_PROXY, NO_PROXY): something other than "
                                     "GitHub may have answered"
                                   : "");
}

static int add_context(struct error *e)
{
        return error_context(e, "web identity token of GitHub Actions");
}

static void answered(void *arg, const struct http_response *response, const struct error *error)
{
        struct github_token *g = arg;
        struct error e = {.kind = ERROR_NONE};
        struct slice token = {NULL, 0};
        struct buffer scratch;
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        g->call = NULL;
        if (g->is_cancelled)
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        else if (error)
                e = *error;
        else
                (void)judge(response, &scratch, &token, &e);
        if (e.kind != ERROR_NONE && e.kind != ERROR_CANCELLED)
                (void)add_context(&e);
        g->done(g->arg, token, e.kind == ERROR_NONE ? NULL : &e);
        buffer_free(&scratch);
}

static void write_request(const struct profile *profile, struct buffer *url, struct buffer *authorization)
{
        const char *base = profile->web_identity.request_url;
        (void)buffer_put_str(url, base);
        (void)buffer_put_str(url, strchr(base, '?') ? "&audience=" : "?audience=");
        (void)text_percent_encode(slice_str(profile->web_identity.audience), false, url);
        (void)buffer_put_str(authorization, "bearer ");
        (void)buffer_put(authorization, secret_expose(&profile->web_identity.request_token));
}

static int send(struct github_token *g, const struct profile *profile, struct http_client *http,
                const struct http_request *request, struct error *e)
{
        struct http_request timed = *request;
        int64_t connect_ms = profile->connect_timeout_ms > 0 ? profile->connect_timeout_ms : CONNECT_TIMEOUT_MS;
        int64_t read_ms = profile->read_timeout_ms > 0 ? profile->read_timeout_ms : READ_TIMEOUT_MS;
        timed.connect_timeout_ms = connect_ms;
        timed.total_timeout_ms = connect_ms + read_ms;
        g->is_cancelled = false;
        g->call = http_client_start(http, &timed, answered, g, e);
        return g->call ? 0 : -1;
}

int github_token_start(struct github_token *g, const struct profile *profile, struct http_client *http, struct error *e)
{
        struct buffer url, authorization;
        buffer_init(&url, URL_MAX);
        buffer_init(&authorization, AUTHORIZATION_MAX);
        write_request(profile, &url, &authorization);
        const char *address = buffer_c_str(&url);
        int r;
        if (!address || authorization.failed) {
                r = error_set(e, ERROR_INTERNAL, "the request is too large, or out of memory");
        } else {
                const struct http_field fields[] = {{SLICE("accept"), SLICE("application/json")},
                                                    {SLICE("authorization"), buffer_slice(&authorization)}};
                const struct http_request request = {
                    .method = "GET", .url = address, .fields = fields, .fields_count = 2};
                r = send(g, profile, http, &request, e);
        }
        buffer_free(&url);
        buffer_free(&authorization);
        return r < 0 ? add_context(e) : 0;
}

void github_token_cancel(struct github_token *g)
{
        g->is_cancelled = true;
        if (g->call)
                http_call_cancel(g->call);
}
