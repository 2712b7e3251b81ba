// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/login_refresh.h"

#include "proto/mem/length.h"
#include "proto/wire/json_write.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/hints.h"
#include "sidecar/signing/dpop.h"

#define PATH "/v1/token"

struct slice login_refresh_subject(const struct profile *p)
{
        return slice_str(p->login.session);
}

// The region that was logged in to goes before the profile's, as in the SDKs.
static int put_url(const struct profile *p, struct slice region, struct upstream_request *r, struct error *e)
{
        char url[ENDPOINTS_URL_SIZE];
        region = slice_is_empty(region) ? slice_str(p->issuer_region) : region;
        if (p->login.has_custom_endpoint) {
                upstream_request_put_url(r, p->endpoint_url, PATH);
                return 0;
        }
        if (slice_is_empty(region)) {
                (void)error_set(e, ERROR_CONFIG, "found no region, expected one for the endpoint of AWS Sign-In");
                return error_hint(e, "add \"region\" to the profile, or set AWS_REGION");
        }
        if (endpoints_resolve(ENDPOINTS_SIGNIN, region, p->login.variant, url, sizeof(url)) < 0)
                return error_set(e, ERROR_CONFIG, "AWS Sign-In has no endpoint in region %.*s", (int)region.n,
                                 (const char *)region.p);
        upstream_request_put_url(r, url, PATH);
        return 0;
}

int login_refresh_write(const struct profile *p, const struct login_session *session, struct upstream_request *r,
                        struct error *e)
{
        const char *what = NULL;
        if (put_url(p, session->region, r, e) < 0)
                return -1;
        json_begin_object(&r->body);
        json_member(&r->body, "clientId", session->client_id);
        json_member(&r->body, "grantType", SLICE("refresh_token"));
        json_member(&r->body, "refreshToken", session->refresh_token);
        json_end_object(&r->body);
        const struct dpop_request request = {"POST", buffer_c_str(&r->url), r->time_s};
        if (!request.url)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (dpop_prove(session->dpop_key, &request, &r->values, &what) < 0)
                return error_set(e, ERROR_INTERNAL, "%s", what);
        upstream_request_add_field(r, "content-type", SLICE("application/json"));
        upstream_request_add_field(r, "dpop", buffer_slice(&r->values));
        return 0;
}

int login_refresh_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        static const struct member_rule rules[] = {
            {"accessToken.accessKeyId", ANSWER_FIELD(access_key_id), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"accessToken.secretAccessKey", ANSWER_FIELD(secret_access_key), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"accessToken.sessionToken", ANSWER_FIELD(session_token), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"refreshToken", ANSWER_FIELD(refresh_token), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"expiresIn", ANSWER_FIELD(lives_s), MEMBER_NUMBER, MEMBER_OPTIONAL},
            {"error", ANSWER_FIELD(reason), MEMBER_TEXT, MEMBER_INFORMATION},
        };
        return answer_read_json(body, rules, LENGTH(rules), scratch, ret, e);
}

int login_refresh_check(const struct answer *answer, struct error *e)
{
        bool is_whole = answer->access_key_id.n > 0 && answer->secret_access_key.n > 0 && answer->session_token.n > 0 &&
                        answer->refresh_token.n > 0;
        if (is_whole && answer->lives_s > 0 && answer->lives_s <= INT32_MAX)
                return 0;
        return answer_incomplete("a member of accessToken, refreshToken or expiresIn", e);
}

// Code or beginning of the message.
static bool is_reason(const struct error *e, const char *reason)
{
        struct slice message = slice_str(e->upstream.message);
        struct slice text = slice_str(reason);
        return hints_code_is(e, reason) ||
               (slice_starts_with(message, text) && (message.n == text.n || message.p[text.n] == ':'));
}

void login_refresh_explain(const struct profile *p, struct error *e)
{
        static const char *const for_good[] = {"TOKEN_EXPIRED", "AUTHCODE_EXPIRED", "USER_CREDENTIALS_CHANGED",
                                               "invalid_grant"};
        if (e->kind != ERROR_DENIED)
                return;
        if (is_reason(e, "INSUFFICIENT_PERMISSIONS")) {
                (void)error_hint(e, "attach the policy SignInLocalDevelopmentAccess to the identity, or another one "
                                    "that allows signin:CreateOAuth2Token");
                return;
        }
        bool is_for_good = hints_code_is(e, "AccessDeniedException");
        for (size_t i = 0; i < LENGTH(for_good); i++)
                is_for_good = is_for_good || is_reason(e, for_good[i]);
        if (is_for_good)
                e->kind = ERROR_INTERACTION;
        login_session_hint(p, e);
}
