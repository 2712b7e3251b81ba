// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/sign_work.h"

#include "proto/wire/http_whole.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/request.h"
#include "sidecar/server/sign_policy.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

void sign_work_say(struct request *r, enum api_error code, const struct error *e)
{
        if (e->kind == ERROR_INTERNAL)
                code = API_INTERNAL_ERROR;
        problem_send(r, &(struct problem){.code = code, .detail = e->message, .hint = e->hint});
}

// RFC 9110, 8.3: parameters may follow.
bool sign_work_is_json(struct slice content_type)
{
        if (slice_eq(content_type, SLICE("application/json"))) // nearly always
                return true;
        struct slice media = slice_trim(slice_head(content_type, slice_find(content_type, ';')));
        // curl calls whatever follows -d a form. What it is, the parser decides.
        return content_type.n == 0 || slice_eq_ignore_case(media, SLICE("application/json")) ||
               slice_eq_ignore_case(media, SLICE("application/x-www-form-urlencoded"));
}

static int read_order(struct request *r, bool is_presign, struct sign_work *w)
{
        struct error e;
        if (!sign_work_is_json(http_head_get(r->message->head, SLICE("content-type")))) {
                problem_say(r, API_UNSUPPORTED_MEDIA_TYPE, "send it as application/json", "the body is not JSON");
                return -1;
        }
        if (sign_request_read(r->message->body, is_presign, &r->server->json, &r->server->text, &w->order, &e) < 0) {
                sign_work_say(r, API_INVALID_REQUEST, &e);
                return -1;
        }
        if (sigv4_parse_url(w->order.url, &w->url, &e) < 0) {
                sign_work_say(r, API_INVALID_URL, &e);
                return -1;
        }
        if (w->url.host.n > SIGN_HOST_MAX) {
                problem_say(r, API_INVALID_URL, NULL, "the URL's host has more than %d bytes", SIGN_HOST_MAX);
                return -1;
        }
        return 0;
}

// --- what the profile allows ---

static int check_host(struct request *r, struct slice host)
{
        if (sign_policy_allows_host(r->profile, host))
                return 0;
        problem_say(r, API_TARGET_NOT_ALLOWED, "add it to \"sign\": {\"hosts\": [...]} of the profile",
                    "the profile signs nothing for the host \"%.*s\"", (int)slice_head(host, SIGN_HOST_MAX).n,
                    (const char *)host.p);
        return -1;
}

static int check_target(struct request *r, const struct sign_work *w)
{
        if (check_host(r, w->url.host) < 0)
                return -1;
        for (size_t i = 0; i < w->order.headers_count; i++) // a Host header replaces the URL's host
                if (slice_eq_ignore_case(w->order.headers[i].name, SLICE("host")) &&
                    check_host(r, slice_trim(w->order.headers[i].value)) < 0)
                        return -1;
        if (sign_policy_allows_path(r->profile, w->url.path))
                return 0;
        problem_say(r, API_TARGET_NOT_ALLOWED,
                    "add a prefix of it to \"sign\": {\"paths\": [...]} of the profile; dot segments are never signed",
                    "the profile signs nothing for this path");
        return -1;
}

// --- service and region ---

static struct slice lower_host(struct sign_work *w)
{
        struct slice host = sign_policy_host_name(w->url.host);
        for (size_t i = 0; i < host.n; i++) {
                uint8_t c = host.p[i];
                w->host[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        }
        return slice_of(w->host, host.n);
}

static struct slice first_of(struct slice a, const char *b, struct slice c, const char *d)
{
        if (a.n > 0)
                return a;
        if (b && b[0])
                return slice_str(b);
        return c.n > 0 ? c : slice_str(d);
}

static int choose_scope(struct request *r, struct sign_work *w)
{
        struct slice service = {0};
        struct slice region = {0};
        const struct server_profile *p = r->profile;
        bool needs_service = w->order.service.n == 0 && !p->sign.service;
        bool needs_region = w->order.region.n == 0 && !p->sign.region;
        if ((needs_service || needs_region) && !sigv4_scope_of_host(lower_host(w), &service, &region))
                service = region = (struct slice){0};
        w->service = first_of(w->order.service, p->sign.service, service, NULL);
        w->region = first_of(w->order.region, p->sign.region, region, p->region);
        if (w->service.n > 0 && w->region.n > 0)
                return 0;
        problem_say(r, API_INVALID_REQUEST,
                    "give \"service\" and \"region\" in the request, or as defaults in the profile's \"sign\"",
                    "the host \"%.*s\" does not tell the %s", (int)w->url.host.n, (const char *)w->url.host.p,
                    w->service.n == 0 ? "service" : "region");
        return -1;
}

// --- the payload hash ---

static bool has_no_body(struct slice method)
{
        return slice_eq(method, SLICE("GET")) || slice_eq(method, SLICE("HEAD")) || slice_eq(method, SLICE("DELETE"));
}

static int hash_payload(struct request *r, struct sign_work *w)
{
        struct error e;
        if (sigv4_payload_hash(r->server->deps.signer, w->order.payload, w->hash, &e) < 0) {
                sign_work_say(r, API_INTERNAL_ERROR, &e);
                return -1;
        }
        w->payload_hash = slice_of(w->hash, sizeof(w->hash));
        return 0;
}

static int refuse_payload(struct request *r, const struct sign_work *w)
{
        if (w->order.payload_kind == PAYLOAD_UNSIGNED)
                problem_say(r, API_UNSIGNED_NOT_ALLOWED, "give payload_sha256, payload or payload_text",
                            "the service %.*s takes no unsigned payloads",
                            (int)slice_head(w->service, SIGN_HASH_SIZE).n, (const char *)w->service.p);
        else
                problem_say(r, API_INVALID_REQUEST,
                            "give payload_sha256, payload (base64) or payload_text; for an "
                            "empty body \"payload_text\": \"\"",
                            "a %.*s is signed with its payload, and none is given",
                            (int)slice_head(w->order.method, SIGN_HASH_SIZE).n, (const char *)w->order.method.p);
        return -1;
}

static int choose_payload(struct request *r, bool is_presign, struct sign_work *w)
{
        bool may_be_unsigned = sign_policy_allows_unsigned(w->service);
        switch (w->order.payload_kind) {
        case PAYLOAD_HASH:
                w->payload_hash = slice_of(w->order.payload_hash, sizeof(w->order.payload_hash));
                return 0;
        case PAYLOAD_BYTES:
                return hash_payload(r, w);
        case PAYLOAD_UNSIGNED:
                w->payload_hash = SLICE(SIGV4_UNSIGNED_PAYLOAD);
                return may_be_unsigned ? 0 : refuse_payload(r, w);
        case PAYLOAD_NONE:
                break;
        }
        if (is_presign && slice_starts_with(w->service, SLICE("s3")) && may_be_unsigned)
                w->payload_hash = SLICE(SIGV4_UNSIGNED_PAYLOAD); // S3 expects this of presigned URLs
        else if (has_no_body(w->order.method))
                w->payload_hash = SLICE(EMPTY_HASH);
        else
                return refuse_payload(r, w);
        return 0;
}

int sign_work_prepare(struct request *r, bool is_presign, struct sign_work *w)
{
        w->wait_ms = WAIT_UNSAID;
        if (wait_query_read(r, &w->wait_ms) < 0 || read_order(r, is_presign, w) < 0 || check_target(r, w) < 0 ||
            choose_scope(r, w) < 0 || choose_payload(r, is_presign, w) < 0)
                return -1;
        return 0;
}

struct sigv4_request sign_work_request(const struct sign_work *w, int64_t time_s)
{
        return (struct sigv4_request){.method = w->order.method,
                                      .url = w->order.url,
                                      .headers = w->order.headers,
                                      .headers_count = w->order.headers_count,
                                      .payload_hash = w->payload_hash,
                                      .service = w->service,
                                      .region = w->region,
                                      .time_s = time_s,
                                      .add_content_sha256 = w->order.payload_kind == PAYLOAD_UNSIGNED};
}
