// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/login_refresh.h"

#include "proto/mem/length.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/hints_common.h"
#include "sidecar/signing/dpop.h"

enum { BODY_MAX = 4 * LIMIT_TOKEN_FILE, PROOF_MAX = 16 * 1024, REASON_MAX = 512 };

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

// What AWS means is in "error"; the type is the same for all that it refuses.
static void put_reason(struct buffer *scratch, struct answer *ret)
{
        size_t from = scratch->n;
        (void)buffer_put(scratch, slice_head(ret->reason, REASON_MAX));
        (void)buffer_put_str(scratch, ret->message.n > 0 ? ": " : "");
        (void)buffer_put(scratch, slice_head(ret->message, REASON_MAX));
        ret->message = slice_of(scratch->p + from, scratch->n - from);
}

int login_refresh_read(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                       struct error *e)
{
        static const struct member_rule rules[] = {
            {"accessToken.accessKeyId", ANSWER_FIELD(access_key_id), MEMBER_TEXT, false},
            {"accessToken.secretAccessKey", ANSWER_FIELD(secret_access_key), MEMBER_TEXT, false},
            {"accessToken.sessionToken", ANSWER_FIELD(session_token), MEMBER_TEXT, false},
            {"refreshToken", ANSWER_FIELD(refresh_token), MEMBER_TEXT, false},
            {"expiresIn", ANSWER_FIELD(lives_s), MEMBER_NUMBER, false},
            {"error", ANSWER_FIELD(reason), MEMBER_LENIENT, false},
        };
        struct slice type = answer_code(http_response_field(response, SLICE("x-amzn-errortype")));
        *ret = (struct answer){0};
        // Capacity for a message that is made here: slices must not move.
        if (!buffer_reserve(scratch, response->body.n + (size_t)3 * REASON_MAX))
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (answer_read_json(response->body, rules, LENGTH(rules), scratch, ret, e) < 0)
                return -1;
        if (!slice_is_empty(type))
                ret->code = type;
        if (!slice_is_empty(ret->reason) && slice_is_empty(ret->code))
                ret->code = ret->reason;
        else if (!slice_is_empty(ret->reason))
                put_reason(scratch, ret);
        return 0;
}

static int accept(void *owner, const struct answer *answer, struct credentials **ret, struct error *e)
{
        struct login_refresh *r = owner;
        bool is_whole = answer->access_key_id.n > 0 && answer->secret_access_key.n > 0 && answer->session_token.n > 0 &&
                        answer->refresh_token.n > 0;
        if (!is_whole || answer->lives_s == 0 || answer->lives_s > INT32_MAX) {
                (void)error_set(e, ERROR_PROTOCOL,
                                "the answer lacks a member of accessToken, or refreshToken, or expiresIn");
                return error_hint(e, "check endpoint_url and the proxy settings (HTTPS_PROXY, NO_PROXY): something "
                                     "other than AWS may have answered");
        }
        const struct login_grant grant = {
            .access_key_id = answer->access_key_id,
            .secret_access_key = answer->secret_access_key,
            .session_token = answer->session_token,
            .refresh_token = answer->refresh_token,
            .expires_s = upstream_clock_now_s(&r->exchange.time, r->exchange.deps.clock) + answer->lives_s,
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
