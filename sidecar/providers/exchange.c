// SPDX-License-Identifier: Apache-2.0
// Loop thread only.
#include "sidecar/providers/exchange.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"

// AWS tolerates five minutes in the strictest service; a difference under this is not why a signature failed.
enum { SKEW_TOLERATED_S = 4 * 60 };
enum { CONNECT_TIMEOUT_MS = 3000, READ_TIMEOUT_MS = 7000 };

static int exchange_send(struct exchange *x, struct error *e);

int exchange_aim(struct exchange *x, const char *base, struct error *e)
{
        struct slice to = slice_str(base);
        while (slice_ends_with(to, SLICE("/")))
                to.n--;
        size_t path_size = strlen(x->ops->path) + 1;
        char *url = malloc(to.n + path_size);
        if (!url)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (to.n > 0)
                memcpy(url, to.p, to.n);
        memcpy(url + to.n, x->ops->path, path_size);
        free(x->url);
        x->url = url;
        return 0;
}

int exchange_init(struct exchange *x, const struct exchange_ops *ops, void *owner, const struct provider_deps *deps,
                  const struct provider *provider, struct error *e)
{
        *x = (struct exchange){.ops = ops, .owner = owner, .deps = *deps, .provider = provider};
        return exchange_aim(x, provider->profile->endpoint_url, e);
}

void exchange_deinit(struct exchange *x)
{
        assert(!x->call && !x->is_preparing);
        free(x->url);
        x->url = NULL;
}

void exchange_post_field(struct exchange_post *post, const char *name, struct slice value)
{
        assert(post->fields_count < EXCHANGE_FIELDS_N);
        post->fields[post->fields_count++] = (struct http_field){slice_str(name), value};
}

static const char *subject_of(const struct exchange *x)
{
        const struct profile *profile = x->provider->profile;
        return x->ops->subject ? x->ops->subject(profile) : profile->role.role_arn;
}

static int add_context(const struct exchange *x, struct error *e)
{
        return error_context(e, "%s for %.256s", x->ops->action, subject_of(x));
}

// A page of a proxy may carry a Date of its own, so only an answer in AWS's shape teaches.
static void learn_time(struct exchange *x, const struct http_response *response, const struct answer *answer)
{
        bool is_aws = !slice_is_empty(answer->code) || !slice_is_empty(answer->access_key_id) ||
                      !slice_is_empty(answer->document);
        int64_t date_s;
        if (is_aws && time_parse_http_date(slice_trim(http_response_field(response, SLICE("date"))), &date_s) == 0)
                upstream_clock_learn(&x->time, date_s, response->boot_ms);
}

static bool is_worth_correcting(const struct exchange *x, const struct answer *answer)
{
        if (!x->ops->is_signed || x->has_corrected || !x->time.known || !answer_code_may_be_skew(answer->code))
                return false;
        int64_t difference_s = upstream_clock_now_s(&x->time, x->deps.clock) - x->sent_s;
        return difference_s > SKEW_TOLERATED_S || difference_s < -SKEW_TOLERATED_S;
}

static void refuse(struct exchange *x, const struct http_response *response, const struct answer *answer,
                   struct error *e)
{
        const struct answer_context context = {
            .service = x->ops->service,
            .action = x->ops->action,
            .subject = slice_str(subject_of(x)),
            .status = response->status,
            .content_type = http_response_field(response, SLICE("content-type")),
            .body_size = response->body.n,
        };
        answer_refusal(answer, &context, e);
        if (e->upstream.code[0] != '\0')
                x->ops->explain(x->owner, e);
}

static int accept(struct exchange *x, const struct answer *answer, struct credentials **ret, struct error *e)
{
        if (x->ops->accept)
                return x->ops->accept(x->owner, answer, ret, e);
        return answer_credentials(answer, NULL, &x->time, x->deps.clock, ret, e);
}

enum verdict { VERDICT_CREDENTIALS, VERDICT_ERROR, VERDICT_AGAIN };

static enum verdict judge(struct exchange *x, const struct http_response *response, struct credentials **ret,
                          struct error *e)
{
        struct buffer scratch;
        struct answer answer = {0};
        enum verdict verdict = VERDICT_ERROR;
        buffer_init(&scratch, (size_t)2 * LIMIT_UPSTREAM_BODY);
        int r = x->ops->read(response, &scratch, &answer, e);
        if (r < 0)
                answer = (struct answer){0};
        if (slice_is_empty(answer.request_id))
                answer.request_id = http_response_field(response, SLICE("x-amzn-requestid"));
        learn_time(x, response, &answer);
        bool is_success = response->status >= 200 && response->status < 300;
        if (r < 0 && (is_success || e->kind == ERROR_INTERNAL)) {
                (void)answer_unreadable(NULL, response->status, response->body.n, e);
                (void)add_context(x, e);
        } else if (is_success && accept(x, &answer, ret, e) == 0) {
                verdict = VERDICT_CREDENTIALS;
        } else if (is_success) {
                (void)add_context(x, e);
        } else if (is_worth_correcting(x, &answer)) {
                verdict = VERDICT_AGAIN;
        } else {
                refuse(x, response, &answer, e);
        }
        buffer_free(&scratch);
        return verdict;
}

static void exchange_answered(void *arg, const struct http_response *response, const struct error *error)
{
        struct exchange *x = arg;
        x->call = NULL;
        struct error e = {0};
        struct credentials *c = NULL;
        if (x->is_cancelled) {
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        } else if (error) {
                e = *error;
                (void)add_context(x, &e);
        } else if (judge(x, response, &c, &e) == VERDICT_AGAIN) {
                x->has_corrected = true;
                if (exchange_send(x, &e) == 0)
                        return;
        }
        x->ops->done(x->owner, c, c ? NULL : &e);
}

static int exchange_call(struct exchange *x, const struct exchange_post *post, struct error *e)
{
        const struct profile *profile = x->provider->profile;
        int64_t connect_ms = profile->connect_timeout_ms > 0 ? profile->connect_timeout_ms : CONNECT_TIMEOUT_MS;
        int64_t read_ms = profile->read_timeout_ms > 0 ? profile->read_timeout_ms : READ_TIMEOUT_MS;
        const struct http_request request = {
            .method = "POST",
            .url = x->url,
            .fields = post->fields,
            .fields_count = post->fields_count,
            .body = post->body,
            .connect_timeout_ms = connect_ms,
            .total_timeout_ms = connect_ms + read_ms,
            .ca_bundle = profile->ca_bundle,
        };
        x->call = http_client_start(x->deps.http, &request, exchange_answered, x, e);
        return x->call ? 0 : add_context(x, e);
}

static int exchange_send(struct exchange *x, struct error *e)
{
        struct exchange_post post = {.fields_count = 0};
        x->sent_s = upstream_clock_now_s(&x->time, x->deps.clock);
        int r = x->ops->prepare(x->owner, x->sent_s, &post, e);
        x->is_preparing = r == EXCHANGE_LATER;
        if (r < 0)
                return add_context(x, e);
        return x->is_preparing ? 0 : exchange_call(x, &post, e);
}

void exchange_resume(struct exchange *x, const struct exchange_post *post, const struct error *error)
{
        assert(x->is_preparing && (post == NULL) != (error == NULL));
        struct error e = {0};
        x->is_preparing = false;
        if (x->is_cancelled)
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        else if (error)
                e = *error;
        else if (exchange_call(x, post, &e) == 0)
                return;
        x->ops->done(x->owner, NULL, &e);
}

int exchange_start(struct exchange *x, struct error *e)
{
        assert(!x->call && !x->is_preparing);
        x->has_corrected = false;
        x->is_cancelled = false;
        return exchange_send(x, e);
}

void exchange_cancel(struct exchange *x)
{
        x->is_cancelled = true;
        if (x->call)
                http_call_cancel(x->call);
}
