// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/sign_work.h"

#include "proto/mem/length.h"

#include "proto/wire/http_whole.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/sign_policy.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"
#include "sidecar/signing/hosts.h"
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
        if (sign_request_read(x->body, w->is_presign, &x->server->json, &x->server->text, &w->request, &e) == 0)
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
        if (w->url.host.n <= SIGN_HOST_MAX)
                return 0;
        problem_sendf(x, API_INVALID_URL, NULL, "the URL's host has more than %d bytes", SIGN_HOST_MAX);
        return -1;
}

// --- what the profile allows ---

static int check_host(struct exchange *x, struct slice host)
{
        if (sign_policy_allows_host(x->profile, host))
                return 0;
        problem_sendf(x, API_TARGET_NOT_ALLOWED, "add it to \"sign\": {\"hosts\": [...]} of the profile",
                      "the profile signs nothing for the host \"%.*s\"", (int)slice_head(host, SIGN_HOST_MAX).n,
                      (const char *)host.p);
        return -1;
}

static int check_target(struct exchange *x, const struct sign_work *w)
{
        if (check_host(x, w->url.host) < 0)
                return -1;
        for (size_t i = 0; i < w->request.headers_count; i++) // a Host header replaces the URL's host
                if (slice_eq_ignore_case(w->request.headers[i].name, SLICE("host")) &&
                    check_host(x, slice_trim(w->request.headers[i].value)) < 0)
                        return -1;
        if (sign_policy_allows_path(x->profile, w->url.path))
                return 0;
        problem_sendf(
            x, API_TARGET_NOT_ALLOWED,
            "add a prefix of it to \"sign\": {\"paths\": [...]} of the profile; dot segments are never signed",
            "the profile signs nothing for this path");
        return -1;
}

// --- service and region ---

// The host that is signed: a Host header replaces the URL's.
static struct slice signed_host(const struct sign_work *w)
{
        for (size_t i = 0; i < w->request.headers_count; i++)
                if (slice_eq_ignore_case(w->request.headers[i].name, SLICE("host")))
                        return slice_trim(w->request.headers[i].value);
        return w->url.host;
}

static struct slice lower_host(struct sign_work *w)
{
        struct slice host = slice_head(sign_policy_host_name(signed_host(w)), SIGN_HOST_MAX);
        for (size_t i = 0; i < host.n; i++) {
                uint8_t c = host.p[i];
                w->host[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        }
        return slice_of(w->host, host.n);
}

static struct slice first_of(const struct slice *choices, size_t count)
{
        size_t i = 0;
        while (i + 1 < count && choices[i].n == 0)
                i++;
        return choices[i];
}

static int choose_scope(struct exchange *x, struct sign_work *w)
{
        const struct server_profile *p = x->profile;
        const struct slice service = slice_str(p->sign.service), region = slice_str(p->sign.region);
        bool is_given = (w->request.service.n > 0 || service.n > 0) && (w->request.region.n > 0 || region.n > 0);
        const struct host_scope of_host =
            is_given ? (struct host_scope){.is_any_region = false} : host_scope(lower_host(w), w->url.path);
        const struct slice none = {NULL, 0};
        const struct slice services[] = {w->request.service, service, of_host.service};
        const struct slice regions[] = {w->request.region, region, of_host.is_any_region ? none : of_host.region,
                                        slice_str(p->region), of_host.region};
        w->service = first_of(services, LENGTH(services));
        w->region = first_of(regions, LENGTH(regions));
        if (w->service.n > 0 && w->region.n > 0)
                return 0;
        const struct slice host = slice_head(signed_host(w), SIGN_HOST_MAX);
        problem_sendf(x, API_INVALID_REQUEST,
                      "give \"service\" and \"region\" in the request, or as defaults in the profile's \"sign\"",
                      "cannot infer the AWS %s from the host \"%.*s\"", w->service.n == 0 ? "service" : "region",
                      (int)host.n, (const char *)host.p);
        return -1;
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
                      "the service %.*s takes no unsigned payloads", (int)slice_head(w->service, SIGN_HASH_SIZE).n,
                      (const char *)w->service.p);
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
                      "a %.*s is signed with its payload, and none is given",
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

static int choose_default_payload(struct exchange *x, struct sign_work *w, const struct service_rules *rules)
{
        if (w->is_presign && rules->presigns_unsigned_payload)
                w->payload_hash = SLICE(SIGV4_UNSIGNED_PAYLOAD);
        else if (has_no_body(w->request.method))
                w->payload_hash = SLICE(EMPTY_HASH);
        else
                return refuse_missing_payload(x, w);
        return 0;
}

static int choose_payload(struct exchange *x, struct sign_work *w)
{
        const struct service_rules *rules = service_rules_of(w->service);
        w->payload_hash = SLICE(SIGV4_UNSIGNED_PAYLOAD);
        if (rules->never_signs_payload)
                return 0;
        if (w->request.payload_kind == PAYLOAD_HASH) {
                w->payload_hash = slice_of(w->request.payload_hash, sizeof(w->request.payload_hash));
                return 0;
        }
        if (w->request.payload_kind != PAYLOAD_UNSIGNED) {
                w->payload_hash = content_sha256(&w->request);
                bool is_given = is_literal(w->payload_hash);
                if (!is_given && w->request.payload_kind == PAYLOAD_BYTES)
                        return hash_payload(x, w);
                if (!is_given && w->payload_hash.n == 0)
                        return choose_default_payload(x, w, rules);
        }
        return is_unsigned(w->payload_hash) && !rules->takes_unsigned_payload ? refuse_unsigned(x, w) : 0;
}

int sign_work_decide(struct exchange *x, struct sign_work *w)
{
        return read_url(x, w) < 0 || check_target(x, w) < 0 || choose_scope(x, w) < 0 || choose_payload(x, w) < 0 ? -1
                                                                                                                  : 0;
}

int sign_work_begin(struct exchange *x, bool is_presign, struct sign_work *w)
{
        w->is_presign = is_presign;
        return wait_query_read(x, &w->wait_ms) < 0 || read_request(x, w) < 0 ? -1 : sign_work_decide(x, w);
}

int sign_work_keep(struct exchange *x, const struct sign_work *w)
{
        struct sign_work *kept = exchange_alloc_state(x, sizeof(*kept));
        if (!kept)
                return -1;
        *kept = *w;
        struct sign_request *r = &kept->request;
        struct slice *const texts[] = {&r->method, &r->url, &r->service, &r->region, &r->payload};
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
                                      .headers = w->request.headers,
                                      .headers_count = w->request.headers_count,
                                      .payload_hash = w->payload_hash,
                                      .service = w->service,
                                      .region = w->region,
                                      .time_s = w->request.has_time ? w->request.time_s : now_s,
                                      .add_content_sha256 = is_unsigned(w->payload_hash)};
}
