// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_http.h"

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/json_answer.h"
#include "sidecar/providers/members.h"
#include "sidecar/providers/sso_cache.h"

enum { CONNECT_TIMEOUT_MS = 3000, READ_TIMEOUT_MS = 7000, URL_MAX = 8 * 1024 };

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

static void read_error(const struct json_doc *doc, struct buffer *scratch, struct answer *ret)
{
        static const struct slice codes[] = {SLICE_INIT("code"), SLICE_INIT("__type")};
        static const struct slice messages[] = {SLICE_INIT("message"), SLICE_INIT("Message"),
                                                SLICE_INIT("error_description")};
        struct slice oauth = {NULL, 0};
        for (size_t i = 0; i < LENGTH(codes) && slice_is_empty(ret->code); i++)
                (void)members_text(doc, JSON_ROOT, codes[i], scratch, &ret->code);
        for (size_t i = 0; i < LENGTH(messages) && slice_is_empty(ret->message); i++)
                (void)members_text(doc, JSON_ROOT, messages[i], scratch, &ret->message);
        ret->code = json_answer_code(ret->code);
        (void)members_text(doc, JSON_ROOT, SLICE("error"), scratch, &oauth);
        if (slice_is_empty(ret->code) && !slice_is_empty(oauth))
                name_code(oauth, scratch, &ret->code);
}

// Milliseconds since 1970 as the text that all other answers have.
static int read_expiration(const struct json_doc *doc, size_t role, struct buffer *scratch, struct slice *ret)
{
        char text[TIME_RFC3339_SIZE];
        int64_t ms = 0;
        size_t node = json_get(doc, role, SLICE("expiration"));
        size_t from = scratch->n;
        if (node == JSON_NONE || json_integer(doc, node, &ms) < 0 || time_format_rfc3339(ms / 1000, text) < 0 ||
            buffer_put(scratch, slice_str(text)) < 0)
                return -1;
        *ret = slice_of(scratch->p + from, scratch->n - from);
        return 0;
}

static int read_role(const struct json_doc *doc, size_t role, struct buffer *scratch, struct answer *ret,
                     const char **what)
{
        if (members_text(doc, role, SLICE("accessKeyId"), scratch, &ret->access_key_id) < 0 ||
            members_text(doc, role, SLICE("secretAccessKey"), scratch, &ret->secret_access_key) < 0 ||
            members_text(doc, role, SLICE("sessionToken"), scratch, &ret->session_token) < 0) {
                *what = "a member of roleCredentials is no text";
                return -1;
        }
        if (read_expiration(doc, role, scratch, &ret->expiration) < 0) {
                *what = "the expiration of roleCredentials is no number of milliseconds";
                return -1;
        }
        return 0;
}

static int read_body(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                     const char **what)
{
        struct json_doc doc;
        json_doc_init(&doc);
        int r = members_parse(&doc, response->body, scratch, what);
        // Room for the few texts that are made here: slices must not move.
        if (r == 0 && !buffer_reserve(scratch, 2 * (response->body.n + (size_t)TIME_RFC3339_SIZE))) {
                *what = members_no_memory;
                r = -1;
        }
        size_t role = r == 0 ? json_get(&doc, JSON_ROOT, SLICE("roleCredentials")) : JSON_NONE;
        if (role != JSON_NONE)
                r = read_role(&doc, role, scratch, ret, what);
        else if (r == 0)
                read_error(&doc, scratch, ret);
        json_doc_free(&doc);
        return r;
}

int sso_http_read_role(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                       const char **what)
{
        *ret = (struct answer){0};
        int r = read_body(response, scratch, ret, what);
        struct slice type = json_answer_code(http_response_field(response, SLICE("x-amzn-errortype")));
        if (r < 0)
                *ret = (struct answer){0};
        if (!slice_is_empty(type))
                ret->code = type;
        ret->request_id = http_response_field(response, SLICE("x-amzn-requestid"));
        return r;
}

void sso_http_refusal(const struct http_response *response, const char *action, const struct profile *p,
                      struct error *e)
{
        struct buffer scratch;
        struct answer answer;
        const char *what = NULL;
        bool is_role = strcmp(action, "GetRoleCredentials") == 0;
        buffer_init(&scratch, (size_t)4 * LIMIT_UPSTREAM_BODY);
        int r = sso_http_read_role(response, &scratch, &answer, &what);
        const struct answer_context context = {
            .service = is_role ? "sso" : "sso-oidc",
            .action = action,
            .subject = is_role ? p->sso.role_name : sso_cache_token_key(p),
            .status = response->status,
            .content_type = http_response_field(response, SLICE("content-type")),
            .body_size = response->body.n,
        };
        if (r < 0 && what == members_no_memory && slice_is_empty(answer.code))
                (void)answer_unreadable(what, response->status, response->body.n, e);
        else
                answer_refusal(&answer, &context, e);
        buffer_free(&scratch);
}
