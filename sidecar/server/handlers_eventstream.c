// SPDX-License-Identifier: Apache-2.0
// Signs the messages of an event stream, one for each request; the client keeps the signature that the next one needs.
#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "proto/wire/json_write.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/sign_work.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"
#include "sidecar/signing/sigv4_event.h"

// Services know a stream by the credentials of its request: others cannot go on with it.
static bool check_generation(struct exchange *x, const struct sign_work *w)
{
        uint64_t held = entry_generation(x->profile->entry);
        if (w->request.generation == 0 || (uint64_t)w->request.generation == held)
                return true;
        problem_sendf(x, API_GENERATION_GONE, "sign a new request, and begin a new stream with it",
                      "the stream began with generation %lld of the credentials, the agent has generation %llu",
                      (long long)w->request.generation, (unsigned long long)held);
        return false;
}

static void send_event(struct exchange *x, const struct sigv4_event_result *event, int64_t date_ms, int64_t expires_s)
{
        char expiration[TIME_RFC3339_SIZE];
        struct buffer *b = json_answer_body(x);
        json_begin_object(b);
        json_member(b, "signature", slice_of(event->signature, sizeof(event->signature)));
        json_key(b, "headers");
        (void)buffer_put_byte(b, '"');
        (void)text_base64_encode(slice_of(event->headers, sizeof(event->headers)), b);
        (void)buffer_put_byte(b, '"');
        json_member_i64(b, "date_ms", date_ms);
        if (expires_s != CREDENTIALS_NEVER_EXPIRE && time_format_rfc3339(expires_s, expiration) == 0)
                json_member(b, "expiration", slice_str(expiration));
        json_member_i64(b, "generation", (int64_t)entry_generation(x->profile->entry));
        json_answer_send_object(x);
}

static void sign_event(struct exchange *x, const struct sign_work *w, struct credentials *c)
{
        struct error e;
        struct sigv4_event_result result;
        int64_t now_s = entry_now_s(x->profile->entry);
        const struct sigv4_event event = {
            .prior_signature = slice_of(w->request.prior_signature, sizeof(w->request.prior_signature)),
            .payload_hash = w->payload_hash,
            .service = w->service,
            .region = w->region,
            .date_ms = w->request.has_time ? w->request.date_ms : now_s * 1000,
        };
        if (!check_generation(x, w))
                return;
        if (sigv4_sign_event(x->server->deps.signer, &event, c, &result, &e) < 0) {
                sign_work_send_error(x, API_INVALID_REQUEST, &e);
                return;
        }
        metrics_count_signature(x->server->deps.metrics, SIGNATURE_SIGV4);
        if (c->expires_s <= now_s)
                metrics_count_served_expired(x->server->deps.metrics);
        send_event(x, &result, event.date_ms, c->expires_s);
}

void handle_eventstream(struct exchange *x)
{
        struct sign_work w;
        if (sign_work_begin(x, SIGN_EVENT, &w) < 0)
                return;
        struct credentials *c = entry_peek(x->profile->entry);
        if (c)
                sign_event(x, &w, c);
        else if (sign_work_keep(x, &w) == 0)
                wait_for_credentials(x, w.wait_ms);
}

void resume_eventstream(struct exchange *x, const struct outcome *o)
{
        struct sign_work *w = x->handler_state;
        struct credentials *c = entry_last_resort(x->profile->entry);
        if (!c)
                problem_send_unavailable(x, o);
        else if (sign_work_decide(x, w) == 0)
                sign_event(x, w, c);
}
