// SPDX-License-Identifier: Apache-2.0
// Web identity tokens (STS GetWebIdentityToken). What a profile may sign holds for them, too: the token is the answer
// to a POST to STS.
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "proto/wire/http_whole.h"
#include "proto/wire/json_write.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/sign_work.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"
#include "sidecar/server/web_identity_read.h"

enum { RETRY_S = 1 };

// The token that is asked for.
struct token_work {
        struct entry *entry;
        bool is_cut; // to the longest that the profile allows
};

static int decide(struct exchange *x, const struct web_identity_endpoint *at, struct web_identity_request *request,
                  bool *ret_is_cut)
{
        struct sign_work w = {.kind = SIGN_HEADERS,
                              .request = {.method = SLICE("POST"),
                                          .url = slice_str(at->url),
                                          .service = SLICE("sts"),
                                          .region = slice_str(at->region),
                                          .payload_kind = PAYLOAD_BYTES}};
        if (sign_work_decide(x, &w) < 0)
                return -1;
        int64_t asked_s = request->duration_seconds > 0 ? request->duration_seconds : WEB_IDENTITY_LIFE_DEFAULT_S;
        *ret_is_cut = w.max_expires_in_s > 0 && w.max_expires_in_s < asked_s;
        if (!*ret_is_cut)
                return 0;
        request->duration_seconds = w.max_expires_in_s;
        if (w.max_expires_in_s >= WEB_IDENTITY_LIFE_MIN_S)
                return 0;
        problem_sendf(x, API_TARGET_NOT_ALLOWED, "raise \"max_expires_in\" in \"sign\" to at least 60",
                      "the profile allows %lld s, and a web identity token is valid for 60 s at least",
                      (long long)w.max_expires_in_s);
        return -1;
}

static int find_token(struct exchange *x, struct slice body, struct token_work *ret)
{
        struct error e = {.kind = ERROR_NONE};
        struct web_identity_body asked;
        struct web_identity_endpoint at;
        struct server *s = x->server;
        if (web_identity_read(body, &s->json, &s->text, &asked, &e) < 0 ||
            s->deps.web_identity.find_endpoint(x->profile, asked.region, &at, &e) < 0) {
                sign_work_send_error(x, API_INVALID_REQUEST, &e);
                return -1;
        }
        if (decide(x, &at, &asked.request, &ret->is_cut) < 0)
                return -1;
        ret->entry = web_identity_tokens_get(s, x->profile, x->peer->uid, &at, &asked.request, &e);
        if (ret->entry)
                return 0;
        if (e.kind == ERROR_THROTTLED)
                problem_send_too_many(x, e.message);
        else
                problem_send_no_memory(x);
        return -1;
}

static void send_token(struct exchange *x, const struct token_work *w, const struct credentials *c)
{
        char expiration[TIME_RFC3339_SIZE];
        int64_t now_s = entry_now_s(w->entry);
        struct buffer *b = json_answer_body(x);
        if (c->expires_s <= now_s)
                metrics_count_served_expired(x->server->deps.metrics);
        json_begin_object(b);
        json_member(b, "token", c->session_token);
        if (time_format_rfc3339(c->expires_s, expiration) == 0)
                json_member(b, "expiration", slice_str(expiration));
        json_member_i64(b, "expires_in", c->expires_s - now_s);
        json_member_bool(b, "cut", w->is_cut);
        json_member_i64(b, "generation", (int64_t)entry_generation(w->entry));
        json_answer_send_object(x);
}

static void send_unavailable(struct exchange *x, const struct entry *entry, const struct outcome *o)
{
        struct entry_status status;
        entry_status(entry, &status);
        const struct error *e = o->error ? o->error : status.last_error;
        if (e)
                problem_send_error(x, e);
        else
                problem_send(x, &(struct problem){.code = API_CREDENTIALS_UNAVAILABLE,
                                                  .detail = "the token is being fetched",
                                                  .hint = "ask again, or wait longer with ?wait=SECONDS (at most 60)",
                                                  .retry_after_s = RETRY_S});
}

static void wait_for_token(struct exchange *x, struct entry *entry, int64_t wait_ms)
{
        // Kept for the end of the wait, when all is read and decided anew: the profile may have changed.
        struct slice *kept = exchange_alloc_state(x, sizeof(*kept));
        if (!kept)
                return;
        *kept = x->body;
        if (request_arena_keep(&x->arena, kept) < 0) {
                problem_send_no_memory(x);
                return;
        }
        if (wait_ms != 0) {
                exchange_wait(x, entry,
                              &(struct wait){.want = VAULT_WANT_CREDENTIALS, .ms = wait_query_or_default(x, wait_ms)});
                return;
        }
        exchange_request_fetch(entry);
        buffer_reset(&x->server->text); // it is read again
        resume_web_identity(x, &(struct outcome){.is_timed_out = true});
}

void handle_web_identity(struct exchange *x)
{
        struct token_work w;
        int64_t wait_ms;
        if (wait_query_read(x, &wait_ms) < 0)
                return;
        if (!sign_work_is_json(http_head_get(x->head, SLICE("content-type")))) {
                problem_sendf(x, API_UNSUPPORTED_MEDIA_TYPE, "send it as application/json", "the body is not JSON");
                return;
        }
        if (find_token(x, x->body, &w) < 0)
                return;
        const struct credentials *c = entry_peek(w.entry);
        if (c)
                send_token(x, &w, c);
        else
                wait_for_token(x, w.entry, wait_ms);
}

void resume_web_identity(struct exchange *x, const struct outcome *o)
{
        const struct slice *kept = x->handler_state;
        struct token_work w;
        if (find_token(x, *kept, &w) < 0)
                return;
        const struct credentials *c = entry_last_resort(w.entry);
        if (c)
                send_token(x, &w, c);
        else
                send_unavailable(x, w.entry, o);
}
