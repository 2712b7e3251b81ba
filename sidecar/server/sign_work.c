// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/sign_work.h"

#include "proto/mem/length.h"

#include "proto/wire/http_whole.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/sign_target.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"
#include "sidecar/signing/service_rules.h"

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

void sign_work_send_error(struct exchange *x, enum api_error code, const struct error *e)
{
        if (e->kind == ERROR_INTERNAL)
                code = API_INTERNAL_ERROR;
        problem_send(x, &(struct problem){.code = code, .detail = e->message, .hint = e->hint});
}

// RFC 9110, 8.3: parameters may follow.
bool sign_work_is_json(struct slice content_type)
{
        if (slice_eq(content_type, SLICE("application/json"))) // nearly always
                return true;
        struct slice media = slice_trim(slice_head(content_type, slice_find(content_type, ';')));
        // curl sends -d as a form. The parser decides whether it is JSON.
        return content_type.n == 0 || slice_eq_ignore_case(media, SLICE("application/json")) ||
               slice_eq_ignore_case(media, SLICE("application/x-www-form-urlencoded"));
}

static int read_request(struct exchange *x, struct sign_work *w)
{
        struct error e;
        if (!sign_work_is_json(http_head_get(x->head, SLICE("content-type")))) {
                problem_sendf(x, API_UNSUPPORTED_MEDIA_TYPE, "send it as application/json", "the body is not JSON");
                return -1;
        }
        if (sign_request_read(x->body, w->kind, &x->server->json, &x->server->text, &w->request, &e) == 0)
                return 0;
        sign_work_send_error(x, API_INVALID_REQUEST, &e);
        return -1;
}

static int read_url(struct exchange *x, struct sign_work *w)
{
        struct error e;
        if (sigv4_parse_url(w->request.url, &w->url, &e) < 0) {
                sign_work_send_error(x, API_INVALID_URL, &e);
                return -1;
        }
        return 0;
}

// --- the payload hash ---

static bool has_no_body(struct slice method)
{
        return slice_eq(method, SLICE("GET")) || slice_eq(method, SLICE("HEAD")) || slice_eq(method, SLICE("DELETE"));
}

static int hash_payload(struct exchange *x, struct sign_work *w)
{
        struct error e;
        if (sigv4_payload_hash(x->server->deps.signer, w->request.payload, w->hash, &e) < 0) {
                sign_work_send_error(x, API_INTERNAL_ERROR, &e);
                return -1;
        }
        w->payload_hash = slice_of(w->hash, sizeof(w->hash));
        return 0;
}

static int refuse_unsigned(struct exchange *x, const struct sign_work *w)
{
        problem_sendf(x, API_UNSIGNED_NOT_ALLOWED, "give payload_sha256, payload or payload_text",
                      "the service %.*s does not accept unsigned payloads",
                      (int)slice_head(w->service, SIGN_HASH_SIZE).n, (const char *)w->service.p);
        return -1;
}

static int refuse_missing_payload(struct exchange *x, const struct sign_work *w)
{
        struct error e;
        if (sigv4_check_method(w->request.method, &e) < 0) {
                sign_work_send_error(x, API_INVALID_REQUEST, &e);
                return -1;
        }
        problem_sendf(x, API_INVALID_REQUEST,
                      "give payload_sha256, payload (base64) or payload_text; for an empty body \"payload_text\": \"\"",
                      "%.*s is signed with its payload, and none is given",
                      (int)slice_head(w->request.method, SIGN_HASH_SIZE).n, (const char *)w->request.method.p);
        return -1;
}

// The value of the header x-amz-content-sha256; empty: it is not in the request.
static struct slice content_sha256(const struct sign_request *request)
{
        for (size_t i = 0; i < request->headers_count; i++)
                if (slice_eq_ignore_case(request->headers[i].name, SLICE("x-amz-content-sha256")))
                        return slice_trim(request->headers[i].value);
        return slice_of(NULL, 0);
}

// A header such as STREAMING-UNSIGNED-PAYLOAD-TRAILER decides, whatever the payload is.
static bool is_literal(struct slice hash)
{
        return slice_starts_with(hash, SLICE("UNSIGNED-")) || slice_starts_with(hash, SLICE("STREAMING-"));
}

static bool is_unsigned(struct slice hash)
{
        return slice_starts_with(hash, SLICE("UNSIGNED-")) || slice_starts_with(hash, SLICE("STREAMING-UNSIGNED-"));
}

static int choose_default_payload(struct exchange *x, struct sign_work *w)
{
        if (w->kind == SIGN_URL && w->rules->presigns_unsigned_payload)
                w->payload_hash = SLICE(SIGV4_UNSIGNED_PAYLOAD);
        else if (has_no_body(w->request.method))
                w->payload_hash = SLICE(EMPTY_HASH);
        else
                return refuse_missing_payload(x, w);
        return 0;
}

static int choose_payload(struct exchange *x, struct sign_work *w)
{
        w->rules = service_rules_of(w->service);
        if (w->request.payload_kind == PAYLOAD_HASH && !w->rules->never_signs_payload) {
                w->payload_hash = slice_of(w->request.payload_hash, sizeof(w->request.payload_hash));
                return 0;
        }
        w->payload_hash = SLICE(SIGV4_UNSIGNED_PAYLOAD);
        if (w->rules->never_signs_payload)
                return 0;
        if (w->request.payload_kind != PAYLOAD_UNSIGNED) {
                w->payload_hash = content_sha256(&w->request);
                bool is_given = is_literal(w->payload_hash);
                if (!is_given && w->request.payload_kind == PAYLOAD_BYTES)
                        return hash_payload(x, w);
                if (!is_given && w->payload_hash.n == 0)
                        return choose_default_payload(x, w);
        }
        return is_unsigned(w->payload_hash) && !w->rules->takes_unsigned_payload ? refuse_unsigned(x, w) : 0;
}

// A signature for another time would be good when nobody expects it: a URL for next year, signed with keys that stay.
static int check_time(struct exchange *x, const struct sign_work *w)
{
        int64_t now_s = entry_now_s(x->profile->entry);
        bool is_near = w->request.time_s >= now_s - LIMIT_SIGN_TIME_S && w->request.time_s <= now_s + LIMIT_SIGN_TIME_S;
        if (!w->request.has_time || x->listener->any_time || is_near)
                return 0;
        problem_sendf(x, API_INVALID_REQUEST,
                      "leave \"time\" out; for tests set \"any_time\": true for the listener of the configuration",
                      "\"time\" is more than %d minutes from the clock", LIMIT_SIGN_TIME_S / 60);
        return -1;
}

int sign_work_decide(struct exchange *x, struct sign_work *w)
{
        return read_url(x, w) < 0 || sign_target_decide(x, w) < 0 || check_time(x, w) < 0 || choose_payload(x, w) < 0
                   ? -1
                   : 0;
}

int sign_work_begin(struct exchange *x, enum sign_kind kind, struct sign_work *w)
{
        w->kind = kind;
        w->token = NULL;
        w->user_agent = slice_of(NULL, 0);
        return wait_query_read(x, &w->wait_ms) < 0 || read_request(x, w) < 0 ? -1 : sign_work_decide(x, w);
}

int sign_work_keep(struct exchange *x, const struct sign_work *w)
{
        struct sign_work *kept = exchange_alloc_state(x, sizeof(*kept));
        if (!kept)
                return -1;
        *kept = *w;
        struct sign_request *r = &kept->request;
        struct slice *const texts[] = {&r->method, &r->url, &r->service, &r->region, &r->payload, &kept->user_agent};
        int rc = 0;
        for (size_t i = 0; rc == 0 && i < LENGTH(texts); i++)
                rc = request_arena_keep(&x->arena, texts[i]);
        for (size_t i = 0; rc == 0 && i < r->headers_count; i++)
                if (request_arena_keep(&x->arena, &r->headers[i].name) < 0 ||
                    request_arena_keep(&x->arena, &r->headers[i].value) < 0)
                        rc = -1;
        if (rc < 0)
                problem_send_no_memory(x);
        return rc;
}

struct sigv4_request sign_work_sigv4(const struct sign_work *w, int64_t now_s)
{
        return (struct sigv4_request){.method = w->request.method,
                                      .url = w->request.url,
                                      .parts = &w->url,
                                      .headers = w->request.headers,
                                      .headers_count = w->request.headers_count,
                                      .payload_hash = w->payload_hash,
                                      .service = w->service,
                                      .region = w->region,
                                      .region_set = w->request.is_sigv4a ? w->region : slice_of(NULL, 0),
                                      .time_s = w->request.has_time ? w->request.time_s : now_s,
                                      .add_content_sha256 = is_unsigned(w->payload_hash)};
}

int64_t sign_work_expires_in(const struct sign_work *w, int64_t now_s)
{
        int64_t ahead_s = w->request.has_time ? w->request.time_s - now_s : 0;
        int64_t longest_s = w->max_expires_in_s;
        if (ahead_s > 0 && ahead_s <= LIMIT_SIGN_TIME_S) // beyond that, the listener allows any time
                longest_s -= ahead_s;
        return w->max_expires_in_s == 0 || w->request.expires_in_s < longest_s ? w->request.expires_in_s : longest_s;
}
