// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/upstream_call.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"

// AWS tolerates five minutes in the strictest service; a difference under this is not why a signature failed.
enum { SKEW_TOLERATED_S = 4 * 60 };
enum { CONNECT_TIMEOUT_MS = 3000, READ_TIMEOUT_MS = 7000, URL_MAX = 32 * 1024, SUBJECT_SHOWN_MAX = 256 };

struct pending_call {
        struct upstream_call *call; // NULL: abandoned
        struct http_call *http;
};

static int send_request(struct upstream_call *call, struct error *e);

void upstream_call_init(struct upstream_call *call, struct provider *provider, void *owner)
{
        *call = (struct upstream_call){.provider = provider, .owner = owner};
        buffer_init(&call->request.url, URL_MAX);
        buffer_init(&call->request.body, LIMIT_UPSTREAM_BODY);
        buffer_init(&call->request.values, LIMIT_SIGN_CANONICAL);
}

// In lower case, as it is signed: libcurl sends it as it is written.
static void lower_host(struct slice base, struct buffer *url)
{
        size_t at = slice_find(base, ':') + strlen("://");
        for (; at < url->n && url->p[at] != '/'; at++)
                if (url->p[at] >= 'A' && url->p[at] <= 'Z')
                        url->p[at] |= 0x20;
}

void upstream_request_put_url(struct upstream_request *r, const char *base, const char *path)
{
        struct slice to = slice_str(base);
        while (slice_ends_with(to, SLICE("/")))
                to.n--;
        buffer_reset(&r->url);
        (void)buffer_put(&r->url, to);
        lower_host(to, &r->url);
        (void)buffer_put_str(&r->url, path);
}

void upstream_request_add_field(struct upstream_request *r, const char *name, struct slice value)
{
        assert(r->fields_count < UPSTREAM_REQUEST_FIELDS_N);
        r->fields[r->fields_count++] = (struct http_field){slice_str(name), value};
}

static void wipe_request(struct upstream_request *r)
{
        buffer_free(&r->url);
        buffer_free(&r->body);
        buffer_free(&r->values);
        r->fields_count = 0;
}

static struct slice subject_of(const struct upstream_call *call)
{
        const struct profile *profile = call->provider->profile;
        struct slice subject = call->ops->subject ? call->ops->subject(profile) : slice_str(profile->role.role_arn);
        return slice_head(subject, SUBJECT_SHOWN_MAX);
}

static int add_context(const struct upstream_call *call, struct error *e)
{
        struct slice subject = subject_of(call);
        return error_context(e, "%s %.*s", call->ops->action, (int)subject.n, (const char *)subject.p);
}

// --- the answer ---

// A proxy's error page has a Date, too: learn the time only from an answer in the shape that the source uses.
static void learn_time(struct upstream_call *call, const struct http_response *response, const struct answer *answer)
{
        bool is_genuine = !slice_is_empty(answer->code) || !slice_is_empty(answer->access_key_id) ||
                          !slice_is_empty(answer->document);
        struct slice date = slice_trim(http_response_field(response, SLICE("date")));
        int64_t date_s;
        if (is_genuine && !call->ops->is_not_aws && time_parse_http_date(date, &date_s) == 0)
                upstream_clock_learn(&call->provider->time, date_s, response->boot_ms);
}

static bool is_worth_correcting(const struct upstream_call *call, const struct answer *answer)
{
        const struct upstream_clock *time = &call->provider->time;
        if (!call->ops->is_signed || call->has_corrected || !time->known || !answer_code_may_be_skew(answer->code))
                return false;
        int64_t difference_s = upstream_clock_now_s(time, call->provider->deps.clock) - call->request.time_s;
        return difference_s > SKEW_TOLERATED_S || difference_s < -SKEW_TOLERATED_S;
}

// AWS also sends the error code in a header: it is there even if a proxy replaced the body.
static int read_answer(const struct upstream_call *call, const struct http_response *response, struct buffer *scratch,
                       struct answer *ret, struct error *e)
{
        int r = call->ops->read ? call->ops->read(response->body, scratch, ret, e)
                                : answer_read_json(response->body, NULL, 0, scratch, ret, e);
        struct slice code = answer_code(http_response_field(response, SLICE("x-amzn-errortype")));
        if (r < 0)
                *ret = (struct answer){0};
        if (!slice_is_empty(code))
                ret->code = code;
        else if (slice_is_empty(ret->code))
                ret->code = ret->reason;
        if (slice_is_empty(ret->request_id))
                ret->request_id = http_response_field(response, SLICE("x-amzn-requestid"));
        return r;
}

static void explain(struct upstream_call *call, struct error *e)
{
        if (call->ops->explain)
                call->ops->explain(call->owner, e);
        (void)add_context(call, e);
}

static void refuse(struct upstream_call *call, const struct http_response *response, const struct answer *answer,
                   struct error *e)
{
        const struct answer_context context = {
            .service = call->ops->service,
            .terms = call->ops->terms,
            .status = response->status,
            .content_type = http_response_field(response, SLICE("content-type")),
            .body_size = response->body.n,
        };
        answer_refusal(answer, &context, e);
        explain(call, e);
}

static int accept(struct upstream_call *call, struct upstream_outcome *o, struct error *e)
{
        struct provider *p = call->provider;
        int r = call->ops->accept ? call->ops->accept(call->owner, o, e)
                                  : answer_credentials(o->answer, call->ops->terms, &p->time, p->deps.clock, &o->c, e);
        return r < 0 ? add_context(call, e) : 0;
}

enum verdict { VERDICT_ACCEPTED, VERDICT_ERROR, VERDICT_AGAIN };

static enum verdict judge(struct upstream_call *call, const struct http_response *response, struct credentials **ret,
                          struct error *e)
{
        struct buffer scratch;
        struct answer answer = {0};
        enum verdict verdict = VERDICT_ERROR;
        buffer_init(&scratch, (size_t)4 * LIMIT_UPSTREAM_BODY);
        int r = read_answer(call, response, &scratch, &answer, e);
        bool is_success = response->status >= 200 && response->status < 300;
        bool is_refusal = !slice_is_empty(answer.code) && !slice_eq_ignore_case(answer.code, SLICE("Success"));
        learn_time(call, response, &answer);
        if (r < 0 && !is_refusal && (is_success || e->kind == ERROR_INTERNAL)) {
                (void)answer_unreadable(call->ops->terms, response->status, response->body.n, e);
                (void)add_context(call, e);
        } else if (is_success && !is_refusal) {
                struct upstream_outcome outcome = {.response = response, .answer = &answer};
                verdict = accept(call, &outcome, e) < 0 ? VERDICT_ERROR : VERDICT_ACCEPTED;
                *ret = outcome.c;
        } else if (is_worth_correcting(call, &answer)) {
                verdict = VERDICT_AGAIN;
        } else {
                refuse(call, response, &answer, e);
        }
        buffer_free(&scratch);
        return verdict;
}

static void finish(struct upstream_call *call, struct credentials *c, const struct error *e)
{
        if (call->ops->done)
                call->ops->done(call->owner, c, e);
        else
                provider_finish(call->provider, c, e);
}

static void answered(void *arg, const struct http_response *response, const struct error *error)
{
        struct pending_call *pending = arg;
        struct upstream_call *call = pending->call;
        struct error e = {.kind = ERROR_NONE};
        struct credentials *c = NULL;
        free(pending);
        if (!call)
                return;
        call->pending = NULL;
        if (error) {
                e = *error;
                explain(call, &e);
        } else if (judge(call, response, &c, &e) == VERDICT_AGAIN) {
                call->has_corrected = true;
                if (send_request(call, &e) == 0)
                        return;
        }
        finish(call, c, e.kind == ERROR_NONE ? NULL : &e);
}

// --- the request ---

static int start_http(struct upstream_call *call, struct error *e)
{
        const struct profile *profile = call->provider->profile;
        const struct upstream_call_ops *ops = call->ops;
        int64_t connect_ms = ops->connect_timeout_ms > 0 ? ops->connect_timeout_ms : CONNECT_TIMEOUT_MS;
        int64_t read_ms = ops->read_timeout_ms > 0 ? ops->read_timeout_ms : READ_TIMEOUT_MS;
        connect_ms = profile->connect_timeout_ms > 0 ? profile->connect_timeout_ms : connect_ms;
        read_ms = profile->read_timeout_ms > 0 ? profile->read_timeout_ms : read_ms;
        const struct http_request request = {
            .method = ops->method ? ops->method : "POST",
            .url = buffer_c_str(&call->request.url),
            .fields = call->request.fields,
            .fields_count = call->request.fields_count,
            .body = buffer_slice(&call->request.body),
            .connect_timeout_ms = connect_ms,
            .total_timeout_ms = connect_ms + read_ms,
            .ca_bundle = ops->is_not_aws ? NULL : profile->ca_bundle,
        };
        struct pending_call *pending = malloc(sizeof(*pending));
        if (!pending || !request.url || call->request.body.failed || call->request.values.failed) {
                free(pending);
                return error_set(e, ERROR_INTERNAL, "the request is too large, or out of memory");
        }
        *pending = (struct pending_call){.call = call};
        pending->http = http_client_start(call->provider->deps.http, &request, answered, pending, e);
        if (!pending->http) {
                free(pending);
                return -1;
        }
        call->pending = pending;
        return 0;
}

// The HTTP client copies the request, so this one can be wiped, whether the call started or not.
static int send_written(struct upstream_call *call, struct error *e)
{
        int r = start_http(call, e);
        wipe_request(&call->request);
        return r < 0 ? add_context(call, e) : 0;
}

static int send_request(struct upstream_call *call, struct error *e)
{
        struct provider *p = call->provider;
        upstream_request_put_url(&call->request, p->profile->endpoint_url, call->ops->path ? call->ops->path : "/");
        call->request.time_s = upstream_clock_now_s(&p->time, p->deps.clock);
        int r = call->request.url.failed ? error_set(e, ERROR_INTERNAL, "out of memory, or endpoint_url is too long")
                                         : call->ops->write(call->owner, &call->request, e);
        call->is_written_later = r == UPSTREAM_CALL_LATER;
        if (call->is_written_later)
                return 0;
        if (r == 0)
                return send_written(call, e);
        wipe_request(&call->request);
        return add_context(call, e);
}

void upstream_call_resume(struct upstream_call *call, const struct error *error)
{
        struct error e = {.kind = ERROR_NONE};
        assert(call->is_written_later);
        call->is_written_later = false;
        if (!error && !call->provider->is_cancelled && send_written(call, &e) == 0)
                return;
        if (error)
                e = *error;
        else if (e.kind == ERROR_NONE)
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        wipe_request(&call->request);
        finish(call, NULL, &e);
}

int upstream_call_start(struct upstream_call *call, const struct upstream_call_ops *ops, struct error *e)
{
        assert(!call->pending && !call->is_written_later);
        call->ops = ops;
        call->has_corrected = false;
        return send_request(call, e);
}

void upstream_call_cancel(struct upstream_call *call)
{
        if (call->pending)
                http_call_cancel(call->pending->http);
}

void upstream_call_abandon(struct upstream_call *call)
{
        if (!call->pending)
                return;
        call->pending->call = NULL;
        http_call_cancel(call->pending->http);
        call->pending = NULL;
}
