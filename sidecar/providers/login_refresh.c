// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/login_refresh.h"

#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/hints_common.h"
#include "sidecar/providers/json_answer.h"
#include "sidecar/providers/members.h"
#include "sidecar/signing/dpop.h"

enum { BODY_MAX = 4 * LIMIT_TOKEN_FILE, PROOF_MAX = 16 * 1024, REASON_MAX = 1024 };

// ---- the request ----

static int prepare(void *owner, int64_t time_s, struct exchange_post *post, struct error *e)
{
        struct login_refresh *r = owner;
        const char *what = NULL;
        buffer_reset(&r->body);
        json_begin_object(&r->body);
        json_member(&r->body, "clientId", r->session->client_id);
        json_member(&r->body, "grantType", SLICE("refresh_token"));
        json_member(&r->body, "refreshToken", r->session->refresh_token);
        json_end_object(&r->body);
        if (r->body.failed)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        const struct dpop_request request = {"POST", r->exchange.url, time_s};
        buffer_reset(&r->proof);
        if (dpop_prove(r->session->dpop_key, &request, &r->proof, &what) < 0)
                return error_set(e, ERROR_INTERNAL, "%s", what);
        exchange_post_field(post, "content-type", SLICE("application/json"));
        exchange_post_field(post, "dpop", buffer_slice(&r->proof));
        post->body = buffer_slice(&r->body);
        return 0;
}

// ---- the answer ----

static int read_session(const struct json_doc *doc, size_t access, struct buffer *scratch, struct answer *ret,
                        const char **what)
{
        size_t life = json_get(doc, JSON_ROOT, SLICE("expiresIn"));
        if (members_text(doc, access, SLICE("accessKeyId"), scratch, &ret->access_key_id) < 0 ||
            members_text(doc, access, SLICE("secretAccessKey"), scratch, &ret->secret_access_key) < 0 ||
            members_text(doc, access, SLICE("sessionToken"), scratch, &ret->session_token) < 0 ||
            members_text(doc, JSON_ROOT, SLICE("refreshToken"), scratch, &ret->document) < 0) {
                *what = "a member is no text";
                return -1;
        }
        if (life != JSON_NONE && json_kind(doc, life) == JSON_NUMBER)
                ret->expiration = json_raw(doc, life);
        return 0;
}

// What AWS means is in "error"; the type is the same for all that it refuses.
static int put_reason(struct slice reason, struct buffer *scratch, struct answer *ret)
{
        char text[REASON_MAX];
        size_t from = scratch->n;
        if (slice_is_empty(ret->code)) {
                ret->code = reason;
                return 0;
        }
        struct slice message = slice_head(ret->message, REASON_MAX / 2);
        int n = snprintf(text, sizeof(text), "%.*s%s%.*s", (int)slice_head(reason, REASON_MAX / 4).n,
                         (const char *)reason.p, message.n > 0 ? ": " : "", (int)message.n, (const char *)message.p);
        if (n < 0 || buffer_put(scratch, slice_of((const uint8_t *)text, (size_t)n)) < 0)
                return -1;
        ret->message = slice_of(scratch->p + from, scratch->n - from);
        return 0;
}

static int read_refusal(const struct json_doc *doc, struct slice type, struct buffer *scratch, struct answer *ret)
{
        struct slice reason = {NULL, 0};
        json_answer_error(doc, scratch, ret);
        ret->code = slice_is_empty(type) ? ret->code : type;
        if (members_text(doc, JSON_ROOT, SLICE("error"), scratch, &reason) < 0 || reason.n == 0)
                return 0;
        return put_reason(reason, scratch, ret);
}

static int read_body(const struct http_response *response, struct slice type, struct buffer *scratch,
                     struct answer *ret, const char **what)
{
        struct json_doc doc;
        json_doc_init(&doc);
        int r = members_parse(&doc, response->body, scratch, what);
        if (r == 0 && !buffer_reserve(scratch, response->body.n + REASON_MAX)) { // slices must not move
                *what = scratch->no_memory ? members_no_memory : "too large";
                r = -1;
        }
        size_t access = r == 0 ? json_get(&doc, JSON_ROOT, SLICE("accessToken")) : JSON_NONE;
        if (access != JSON_NONE)
                r = read_session(&doc, access, scratch, ret, what);
        else if (r == 0)
                r = read_refusal(&doc, type, scratch, ret);
        json_doc_free(&doc);
        return r;
}

int login_refresh_read(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                       const char **what)
{
        struct slice type = json_answer_code(http_response_field(response, SLICE("x-amzn-errortype")));
        *ret = (struct answer){0};
        if (read_body(response, type, scratch, ret, what) == 0)
                return 0;
        *ret = (struct answer){0};
        return -1;
}

static int accept(void *owner, const struct answer *answer, struct credentials **ret, struct error *e)
{
        struct login_refresh *r = owner;
        int64_t lives_s = 0;
        bool is_whole = answer->access_key_id.n > 0 && answer->secret_access_key.n > 0 && answer->session_token.n > 0 &&
                        answer->document.n > 0;
        if (!is_whole || text_parse_i64(answer->expiration, &lives_s) < 0 || lives_s <= 0 || lives_s > INT32_MAX) {
                (void)error_set(e, ERROR_PROTOCOL,
                                "the answer lacks a member of accessToken, or refreshToken, or expiresIn");
                return error_hint(e, "Something other than AWS may have answered: check endpoint_url and the proxy "
                                     "settings (HTTPS_PROXY, NO_PROXY).");
        }
        const struct login_grant grant = {
            .access_key_id = answer->access_key_id,
            .secret_access_key = answer->secret_access_key,
            .session_token = answer->session_token,
            .refresh_token = answer->document,
            .expires_s = upstream_clock_now_s(&r->exchange.time, r->exchange.deps.clock) + lives_s,
        };
        return r->ops->take(r->owner, &grant, ret, e);
}

static bool is_reason(const struct error *e, const char *reason)
{
        struct slice message = slice_str(e->upstream.message);
        struct slice text = slice_str(reason);
        return hints_code_is(e, reason) ||
               (slice_starts_with(message, text) && (message.n == text.n || message.p[text.n] == ':'));
}

static void explain(void *owner, struct error *e)
{
        static const char *const for_good[] = {"TOKEN_EXPIRED", "AUTHCODE_EXPIRED", "USER_CREDENTIALS_CHANGED",
                                               "invalid_grant"};
        const struct login_refresh *r = owner;
        if (e->kind != ERROR_DENIED)
                return;
        if (is_reason(e, "INSUFFICIENT_PERMISSIONS")) {
                (void)error_hint(e, "The identity needs signin:CreateOAuth2Token: attach the policy "
                                    "SignInLocalDevelopmentAccess, or one that allows it.");
                return;
        }
        bool is_for_good = hints_code_is(e, "AccessDeniedException");
        for (size_t i = 0; i < LENGTH(for_good); i++)
                is_for_good = is_for_good || is_reason(e, for_good[i]);
        if (is_for_good)
                e->kind = ERROR_INTERACTION;
        login_session_hint(r->exchange.provider->profile, e);
}

static void forget(struct login_refresh *r)
{
        r->session = NULL;
        buffer_free(&r->body);
        buffer_free(&r->proof);
}

static void done(void *owner, struct credentials *c, const struct error *e)
{
        struct login_refresh *r = owner;
        forget(r);
        r->ops->done(r->owner, c, e);
}

// ---- the call ----

static const char *subject(const struct profile *p)
{
        return p->login.session;
}

static const struct exchange_ops exchange_ops = {
    .service = "signin",
    .action = "CreateOAuth2Token",
    .path = "/v1/token",
    .subject = subject,
    .is_signed = true, // a proof has a time
    .prepare = prepare,
    .read = login_refresh_read,
    .accept = accept,
    .explain = explain,
    .done = done,
};

int login_refresh_init(struct login_refresh *r, const struct provider_deps *deps, const struct provider *provider,
                       struct error *e)
{
        buffer_init(&r->body, BODY_MAX);
        buffer_init(&r->proof, PROOF_MAX);
        return exchange_init(&r->exchange, &exchange_ops, r, deps, provider, e);
}

void login_refresh_deinit(struct login_refresh *r)
{
        exchange_deinit(&r->exchange);
}

// The region that was logged in to goes before the profile's, as in the SDKs.
static int aim(struct login_refresh *r, const struct login_session *session, struct error *e)
{
        const struct profile *p = r->exchange.provider->profile;
        char url[ENDPOINTS_URL_SIZE];
        struct slice region = session->region.n > 0 ? session->region : slice_str(p->issuer_region);
        if (p->login.has_custom_endpoint)
                return exchange_aim(&r->exchange, p->endpoint_url, e);
        if (region.n == 0) {
                (void)error_set(e, ERROR_CONFIG, "found no region, expected one for the endpoint of AWS Sign-In");
                return error_hint(e, "add \"region\" to the profile, or set AWS_REGION");
        }
        if (endpoints_resolve(ENDPOINTS_SIGNIN, region, p->login.variant, url, sizeof(url)) < 0)
                return error_set(e, ERROR_CONFIG, "no endpoint of AWS Sign-In follows from the region");
        return exchange_aim(&r->exchange, url, e);
}

int login_refresh_start(struct login_refresh *r, const struct login_session *session, struct error *e)
{
        r->session = session;
        if (aim(r, session, e) == 0 && exchange_start(&r->exchange, e) == 0)
                return 0;
        forget(r);
        return -1;
}
