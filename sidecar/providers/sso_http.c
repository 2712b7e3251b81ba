// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_http.h"

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/sso_cache.h"

enum { CONNECT_TIMEOUT_MS = 3000, READ_TIMEOUT_MS = 7000, URL_MAX = 8 * 1024, CODE_MAX = 128 };

static struct http_call *start(const struct sso_http *h, struct http_request *request, struct error *e)
{
        const struct profile *p = h->profile;
        int64_t connect_ms = p->connect_timeout_ms > 0 ? p->connect_timeout_ms : CONNECT_TIMEOUT_MS;
        request->connect_timeout_ms = connect_ms;
        request->total_timeout_ms = connect_ms + (p->read_timeout_ms > 0 ? p->read_timeout_ms : READ_TIMEOUT_MS);
        request->ca_bundle = p->ca_bundle;
        if (request->url)
                return http_client_start(h->deps->http, request, h->done, h->arg, e);
        (void)error_set(e, ERROR_INTERNAL, "out of memory, or a URL that is too long");
        return NULL;
}

struct http_call *sso_http_oidc(const struct sso_http *h, const char *path, struct slice body, struct error *e)
{
        const struct http_field fields[] = {{SLICE("content-type"), SLICE("application/json")}};
        struct buffer url;
        buffer_init(&url, URL_MAX);
        (void)buffer_put_str(&url, h->profile->sso.oidc_endpoint_url);
        (void)buffer_put_str(&url, path);
        struct http_request request = {.method = "POST",
                                       .url = buffer_c_str(&url),
                                       .fields = fields,
                                       .fields_count = LENGTH(fields),
                                       .body = body};
        struct http_call *call = start(h, &request, e);
        buffer_free(&url);
        return call;
}

struct http_call *sso_http_portal(const struct sso_http *h, struct slice access_token, struct error *e)
{
        const struct http_field fields[] = {{SLICE("x-amz-sso_bearer_token"), access_token}};
        struct buffer url;
        buffer_init(&url, URL_MAX);
        (void)buffer_put_str(&url, h->profile->endpoint_url);
        (void)buffer_put_str(&url, "/federation/credentials?role_name=");
        (void)text_percent_encode(slice_str(h->profile->sso.role_name), false, &url);
        (void)buffer_put_str(&url, "&account_id=");
        (void)text_percent_encode(slice_str(h->profile->sso.account_id), false, &url);
        struct http_request request = {
            .method = "GET", .url = buffer_c_str(&url), .fields = fields, .fields_count = LENGTH(fields)};
        struct http_call *call = start(h, &request, e);
        buffer_free(&url);
        return call;
}

// --- answers ---

// "authorization_pending" is "AuthorizationPendingException" in the header that old proxies remove.
static void name_code(struct slice code, struct buffer *scratch, struct slice *ret)
{
        size_t from = scratch->n;
        bool is_upper = true;
        for (size_t i = 0; i < code.n; i++) {
                uint8_t c = code.p[i];
                if (c == '_')
                        is_upper = true;
                else
                        (void)buffer_put_byte(scratch, is_upper && c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c);
                if (c != '_')
                        is_upper = false;
        }
        if (buffer_put_str(scratch, "Exception") == 0)
                *ret = slice_of(scratch->p + from, scratch->n - from);
}

int sso_http_read(const struct http_response *response, struct buffer *scratch, struct answer *ret, struct error *e)
{
        static const struct member_rule rules[] = {
            {"roleCredentials.accessKeyId", ANSWER_FIELD(access_key_id), MEMBER_TEXT, false},
            {"roleCredentials.secretAccessKey", ANSWER_FIELD(secret_access_key), MEMBER_TEXT, false},
            {"roleCredentials.sessionToken", ANSWER_FIELD(session_token), MEMBER_TEXT, false},
            {"roleCredentials.expiration", ANSWER_FIELD(expires_ms), MEMBER_NUMBER, false},
            {"error", ANSWER_FIELD(reason), MEMBER_LENIENT, false},
        };
        *ret = (struct answer){0};
        // Capacity for a code that is made here: slices must not move.
        if (!buffer_reserve(scratch, 2 * response->body.n + CODE_MAX))
                return error_set(e, ERROR_INTERNAL, "out of memory");
        int r = answer_read_json(response->body, rules, LENGTH(rules), scratch, ret, e);
        struct slice type = answer_code(http_response_field(response, SLICE("x-amzn-errortype")));
        if (!slice_is_empty(type))
                ret->code = type;
        else if (slice_is_empty(ret->code) && !slice_is_empty(ret->reason))
                name_code(ret->reason, scratch, &ret->code);
        ret->request_id = http_response_field(response, SLICE("x-amzn-requestid"));
        return r;
}

int sso_http_read_token(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        static const struct member_rule rules[] = {
            {"accessToken", ANSWER_FIELD(document), MEMBER_TEXT, true},
            {"refreshToken", ANSWER_FIELD(refresh_token), MEMBER_TEXT, false},
            {"expiresIn", ANSWER_FIELD(lives_s), MEMBER_NUMBER, true},
        };
        *ret = (struct answer){0};
        if (members_read(body, rules, LENGTH(rules), scratch, ret, e) < 0)
                return -1;
        return ret->lives_s <= INT32_MAX ? 0 : error_set(e, ERROR_PROTOCOL, "expiresIn is too large");
}

void sso_http_refusal(const struct http_response *response, const char *action, const struct profile *p,
                      struct error *e)
{
        struct buffer scratch;
        struct answer answer;
        struct error why = {.kind = ERROR_NONE};
        bool is_role = strcmp(action, "GetRoleCredentials") == 0;
        buffer_init(&scratch, (size_t)4 * LIMIT_UPSTREAM_BODY);
        int r = sso_http_read(response, &scratch, &answer, &why);
        const struct answer_context context = {
            .service = is_role ? "sso" : "sso-oidc",
            .action = action,
            .subject = slice_str(is_role ? p->sso.role_name : sso_cache_token_key(p)),
            .status = response->status,
            .content_type = http_response_field(response, SLICE("content-type")),
            .body_size = response->body.n,
        };
        if (r < 0 && why.kind == ERROR_INTERNAL && slice_is_empty(answer.code))
                *e = why;
        else
                answer_refusal(&answer, &context, e);
        buffer_free(&scratch);
}
