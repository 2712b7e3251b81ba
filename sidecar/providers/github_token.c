// SPDX-License-Identifier: Apache-2.0
// GitHub Docs, "OpenID Connect reference", "Methods for requesting the OIDC token"; actions/toolkit, packages/core,
// oidc-utils.ts: GET of the URL with an audience, a bearer token, {"value": "…"}.
#include "sidecar/providers/github_token.h"

#include <errno.h>

#include "proto/mem/text.h"
#include "proto/wire/json_read.h"
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

int github_token_read(struct slice body, struct buffer *ret, const char **what)
{
        struct json_doc doc;
        struct json_fault fault;
        int r;
        *what = NULL;
        json_doc_init(&doc);
        size_t value = JSON_NONE;
        if (body.n > LIMIT_UPSTREAM_BODY)
                *what = "not JSON, or cut short";
        else if (json_parse(&doc, body, &fault) < 0)
                *what = fault.no_memory ? members_no_memory : "not JSON, or cut short";
        else if ((value = json_get(&doc, JSON_ROOT, SLICE("value"))) == JSON_NONE)
                *what = "it has no \"value\"";
        else if (json_string(&doc, value, ret) < 0)
                *what = ret->no_memory ? members_no_memory : "its \"value\" is no text, or too long";
        else if ((r = check_token(buffer_slice(ret))) < 0)
                *what = r == -ENOMEM ? members_no_memory : "its \"value\" is no JSON Web Token";
        json_doc_free(&doc);
        return *what ? -1 : 0;
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

static int judge(const struct http_response *response, struct buffer *token, struct error *e)
{
        const char *what = NULL;
        if (response->status != 200)
                return refuse_status(response->status, e);
        if (github_token_read(response->body, token, &what) == 0)
                return 0;
        if (what == members_no_memory)
                return error_set(e, ERROR_INTERNAL, "out of memory for the answer");
        (void)error_set(e, ERROR_PROTOCOL, "the answer (%zu bytes) cannot be used: %s", response->body.n, what);
        return error_hint(e, "Something other than GitHub may have answered: check the proxy settings (HTTPS_PROXY, "
                             "NO_PROXY).");
}

static int add_context(struct error *e)
{
        return error_context(e, "web identity token of GitHub Actions");
}

static void answered(void *arg, const struct http_response *response, const struct error *error)
{
        struct github_token *g = arg;
        struct error e = {.kind = ERROR_NONE};
        struct buffer token;
        buffer_init(&token, LIMIT_TOKEN_FILE);
        g->call = NULL;
        if (g->is_cancelled)
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        else if (error)
                e = *error;
        else
                (void)judge(response, &token, &e);
        if (e.kind != ERROR_NONE && e.kind != ERROR_CANCELLED)
                (void)add_context(&e);
        g->done(g->arg, e.kind == ERROR_NONE ? buffer_slice(&token) : (struct slice){NULL, 0},
                e.kind == ERROR_NONE ? NULL : &e);
        buffer_free(&token);
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
