// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/exchange.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"

// AWS tolerates five minutes in the strictest service; a difference under this is not why a signature failed.
enum { SKEW_TOLERATED_S = 4 * 60 };
enum { CONNECT_TIMEOUT_MS = 3000, READ_TIMEOUT_MS = 7000, URL_MAX = 32 * 1024, SUBJECT_SHOWN_MAX = 256 };

struct exchange_call {
        struct exchange *exchange; // NULL: abandoned
        struct http_call *http;
};

static int send_request(struct exchange *x, struct error *e);

void exchange_init(struct exchange *x, struct provider *provider, void *owner)
{
        *x = (struct exchange){.provider = provider, .owner = owner};
        buffer_init(&x->request.url, URL_MAX);
        buffer_init(&x->request.body, LIMIT_UPSTREAM_BODY);
        buffer_init(&x->request.values, LIMIT_SIGN_CANONICAL);
}

void exchange_put_url(struct exchange_request *r, const char *base, const char *path)
{
        struct slice to = slice_str(base);
        while (slice_ends_with(to, SLICE("/")))
                to.n--;
        buffer_reset(&r->url);
        (void)buffer_put(&r->url, to);
        (void)buffer_put_str(&r->url, path);
}

void exchange_add_field(struct exchange_request *r, const char *name, struct slice value)
{
        assert(r->fields_count < EXCHANGE_FIELDS_N);
        r->fields[r->fields_count++] = (struct http_field){slice_str(name), value};
}

static void forget_request(struct exchange_request *r)
{
        buffer_free(&r->url);
        buffer_free(&r->body);
        buffer_free(&r->values);
        r->fields_count = 0;
}

static struct slice subject_of(const struct exchange *x)
{
        const struct profile *profile = x->provider->profile;
        struct slice subject = x->ops->subject ? x->ops->subject(profile) : slice_str(profile->role.role_arn);
        return slice_head(subject, SUBJECT_SHOWN_MAX);
}

static int add_context(const struct exchange *x, struct error *e)
{
        struct slice subject = subject_of(x);
        return error_context(e, "%s %.*s", x->ops->action, (int)subject.n, (const char *)subject.p);
}

// --- the answer ---

// A page of a proxy may carry a Date of its own, so only an answer in the source's shape counts.
static void learn_time(struct exchange *x, const struct http_response *response, const struct answer *answer)
{
        bool is_genuine = !slice_is_empty(answer->code) || !slice_is_empty(answer->access_key_id) ||
                          !slice_is_empty(answer->document);
        struct slice date = slice_trim(http_response_field(response, SLICE("date")));
        int64_t date_s;
        if (is_genuine && !x->ops->is_not_aws && time_parse_http_date(date, &date_s) == 0)
                upstream_clock_learn(&x->provider->time, date_s, response->boot_ms);
}

static bool is_worth_correcting(const struct exchange *x, const struct answer *answer)
{
        const struct upstream_clock *time = &x->provider->time;
        if (!x->ops->is_signed || x->has_corrected || !time->known || !answer_code_may_be_skew(answer->code))
                return false;
        int64_t difference_s = upstream_clock_now_s(time, x->provider->deps.clock) - x->request.time_s;
        return difference_s > SKEW_TOLERATED_S || difference_s < -SKEW_TOLERATED_S;
}

// The code is in a header as well, where the body is not AWS's.
static int read_answer(const struct exchange *x, const struct http_response *response, struct buffer *scratch,
                       struct answer *ret, struct error *e)
{
        int r = x->ops->read ? x->ops->read(response->body, scratch, ret, e)
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

static void explain(struct exchange *x, struct error *e)
{
        if (x->ops->explain)
                x->ops->explain(x->owner, e);
        (void)add_context(x, e);
}

static void refuse(struct exchange *x, const struct http_response *response, const struct answer *answer,
                   struct error *e)
{
        const struct answer_context context = {
            .service = x->ops->service,
            .terms = x->ops->terms,
            .status = response->status,
            .content_type = http_response_field(response, SLICE("content-type")),
            .body_size = response->body.n,
        };
        answer_refusal(answer, &context, e);
        explain(x, e);
}

static int accept(struct exchange *x, struct exchange_outcome *o, struct error *e)
{
        struct provider *p = x->provider;
        int r = x->ops->accept ? x->ops->accept(x->owner, o, e)
                               : answer_credentials(o->answer, x->ops->terms, &p->time, p->deps.clock, &o->c, e);
        return r < 0 ? add_context(x, e) : 0;
}

enum verdict { VERDICT_ACCEPTED, VERDICT_ERROR, VERDICT_AGAIN };

static enum verdict judge(struct exchange *x, const struct http_response *response, struct credentials **ret,
                          struct error *e)
{
        struct buffer scratch;
        struct answer answer = {0};
        enum verdict verdict = VERDICT_ERROR;
        buffer_init(&scratch, (size_t)4 * LIMIT_UPSTREAM_BODY);
        int r = read_answer(x, response, &scratch, &answer, e);
        bool is_success = response->status >= 200 && response->status < 300;
        bool is_refusal = !slice_is_empty(answer.code) && !slice_eq_ignore_case(answer.code, SLICE("Success"));
        learn_time(x, response, &answer);
        if (r < 0 && !is_refusal && (is_success || e->kind == ERROR_INTERNAL)) {
                (void)answer_unreadable(x->ops->terms, response->status, response->body.n, e);
                (void)add_context(x, e);
        } else if (is_success && !is_refusal) {
                struct exchange_outcome outcome = {.response = response, .answer = &answer};
                verdict = accept(x, &outcome, e) < 0 ? VERDICT_ERROR : VERDICT_ACCEPTED;
                *ret = outcome.c;
        } else if (is_worth_correcting(x, &answer)) {
                verdict = VERDICT_AGAIN;
        } else {
                refuse(x, response, &answer, e);
        }
        buffer_free(&scratch);
        return verdict;
}

static void finish(struct exchange *x, struct credentials *c, const struct error *e)
{
        if (x->ops->done)
                x->ops->done(x->owner, c, e);
        else
                provider_finish(x->provider, c, e);
}

static void answered(void *arg, const struct http_response *response, const struct error *error)
{
        struct exchange_call *call = arg;
        struct exchange *x = call->exchange;
        struct error e = {.kind = ERROR_NONE};
        struct credentials *c = NULL;
        free(call);
        if (!x)
                return;
        x->call = NULL;
        if (error) {
                e = *error;
                explain(x, &e);
        } else if (judge(x, response, &c, &e) == VERDICT_AGAIN) {
                x->has_corrected = true;
                if (send_request(x, &e) == 0)
                        return;
        }
        finish(x, c, e.kind == ERROR_NONE ? NULL : &e);
}

// --- the request ---

static int start_call(struct exchange *x, struct error *e)
{
        const struct profile *profile = x->provider->profile;
        const struct exchange_ops *ops = x->ops;
        int64_t connect_ms = ops->connect_timeout_ms > 0 ? ops->connect_timeout_ms : CONNECT_TIMEOUT_MS;
        int64_t read_ms = ops->read_timeout_ms > 0 ? ops->read_timeout_ms : READ_TIMEOUT_MS;
        connect_ms = profile->connect_timeout_ms > 0 ? profile->connect_timeout_ms : connect_ms;
        read_ms = profile->read_timeout_ms > 0 ? profile->read_timeout_ms : read_ms;
        const struct http_request request = {
            .method = ops->method ? ops->method : "POST",
            .url = buffer_c_str(&x->request.url),
            .fields = x->request.fields,
            .fields_count = x->request.fields_count,
            .body = buffer_slice(&x->request.body),
            .connect_timeout_ms = connect_ms,
            .total_timeout_ms = connect_ms + read_ms,
            .ca_bundle = ops->is_not_aws ? NULL : profile->ca_bundle,
        };
        struct exchange_call *call = malloc(sizeof(*call));
        if (!call || !request.url || x->request.body.failed || x->request.values.failed) {
                free(call);
                return error_set(e, ERROR_INTERNAL, "the request is too large, or out of memory");
        }
        *call = (struct exchange_call){.exchange = x};
        call->http = http_client_start(x->provider->deps.http, &request, answered, call, e);
        if (!call->http) {
                free(call);
                return -1;
        }
        x->call = call;
        return 0;
}

// The request is copied, so that it is wiped here whatever has come of it.
static int send_written(struct exchange *x, struct error *e)
{
        int r = start_call(x, e);
        forget_request(&x->request);
        return r < 0 ? add_context(x, e) : 0;
}

static int send_request(struct exchange *x, struct error *e)
{
        struct provider *p = x->provider;
        exchange_put_url(&x->request, p->profile->endpoint_url, x->ops->path ? x->ops->path : "/");
        x->request.time_s = upstream_clock_now_s(&p->time, p->deps.clock);
        int r = x->request.url.failed ? error_set(e, ERROR_INTERNAL, "out of memory, or endpoint_url is too long")
                                      : x->ops->write(x->owner, &x->request, e);
        x->is_written_later = r == EXCHANGE_LATER;
        if (x->is_written_later)
                return 0;
        if (r == 0)
                return send_written(x, e);
        forget_request(&x->request);
        return add_context(x, e);
}

void exchange_resume(struct exchange *x, const struct error *error)
{
        struct error e = {.kind = ERROR_NONE};
        assert(x->is_written_later);
        x->is_written_later = false;
        if (!error && !x->provider->is_cancelled && send_written(x, &e) == 0)
                return;
        if (error)
                e = *error;
        else if (e.kind == ERROR_NONE)
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        forget_request(&x->request);
        finish(x, NULL, &e);
}

int exchange_start(struct exchange *x, const struct exchange_ops *ops, struct error *e)
{
        assert(!x->call && !x->is_written_later);
        x->ops = ops;
        x->has_corrected = false;
        return send_request(x, e);
}

void exchange_cancel(struct exchange *x)
{
        if (x->call)
                http_call_cancel(x->call->http);
}

void exchange_abandon(struct exchange *x)
{
        if (!x->call)
                return;
        x->call->exchange = NULL;
        http_call_cancel(x->call->http);
        x->call = NULL;
}
