// SPDX-License-Identifier: Apache-2.0
// Signs requests, by headers and by query, and tokens, which are signed by query. JSON, signature and answer are made
// in the server's scratch; only a request that waits needs memory of its own.
#include <assert.h>

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
#include "sidecar/server/token_work.h"
#include "sidecar/server/wait_query.h"
#include "sidecar/signing/token.h"

enum {
        HEADERS_LIVE_S = 300, // what services accept at the least
        REFRESH_GAIN_S = 60,  // a refresh that adds less life is not worth its call
        ANSWER_TEXTS_MAX =
            352, // what of an answer is the same for all, with its date, its time and GENERATION_CAPACITY
        GENERATION_CAPACITY = 32
};

static void count_signature(struct exchange *x, const struct sign_work *w, const struct credentials *c, int64_t now_s)
{
        metrics_count_signature(x->server->deps.metrics, w->request.is_sigv4a ? SIGNATURE_SIGV4A : SIGNATURE_SIGV4);
        if (c->expires_s <= now_s)
                metrics_count_served_expired(x->server->deps.metrics);
}

// --- sign ---

static uint8_t *put(uint8_t *to, struct slice s)
{
        memcpy(to, s.p, s.n);
        return to + s.n;
}

// The signatures of one second mostly end in one second. Empty: outside the years 1970 to 9999.
static struct slice expiration_text(struct server *s, int64_t expires_s)
{
        if (expires_s != s->expiration_s || s->expiration[0] == '\0') {
                s->expiration_s = expires_s;
                if (time_format_rfc3339(expires_s, s->expiration) < 0) {
                        s->expiration[0] = '\0';
                        return slice_of(NULL, 0);
                }
        }
        return slice_of(s->expiration, sizeof(s->expiration) - 1);
}

// For a URL that clients do not send as it is written. What was signed is in the answer by now.
static void put_url_to_send(struct server *s, const struct sign_work *w, struct buffer *b)
{
        buffer_reset(&s->signing);
        sigv4_put_url(&w->url, w->rules, &s->signing);
        json_member(b, "url", buffer_slice(&s->signing));
        b->failed = b->failed || s->signing.failed;
}

// One text after the other, as this is the other hot path; none of them needs an escape.
static void send_signature(struct exchange *x, const struct sign_work *w, const struct sigv4_result *signature,
                           const struct credentials *c, int64_t expires_s)
{
        struct slice expiration = expiration_text(x->server, expires_s);
        struct buffer *b = json_answer_fast_body(x);
        size_t capacity = ANSWER_TEXTS_MAX + signature->authorization.n + signature->signed_headers.n +
                          c->session_token.n + w->payload_hash.n + w->region.n;
        uint8_t *start = buffer_reserve(b, capacity);
        if (!start) {
                problem_send_no_memory(x);
                return;
        }
        if (expiration.n == 0) {
                problem_sendf(x, API_INVALID_REQUEST, "remove \"time\", or correct it",
                              "\"time\" is outside the years 1970 to 9999");
                return;
        }
        uint8_t *to = put(start, SLICE("{\"headers\":{\"authorization\":\""));
        to = put(to, signature->authorization);
        to = put(to, SLICE("\",\"x-amz-date\":\""));
        to = put(to, slice_of(signature->amz_date, sizeof(signature->amz_date) - 1));
        if (c->session_token.n > 0) {
                to = put(to, SLICE("\",\"x-amz-security-token\":\""));
                to = put(to, c->session_token);
        }
        if (w->request.is_sigv4a) {
                to = put(to, SLICE("\",\"x-amz-region-set\":\""));
                to = put(to, w->region);
        }
        if (signature->has_content_sha256) {
                to = put(to, SLICE("\",\"x-amz-content-sha256\":\""));
                to = put(to, w->payload_hash);
        }
        to = put(to, SLICE("\"},\"signed_headers\":\""));
        to = put(to, signature->signed_headers);
        to = put(to, SLICE("\",\"expiration\":\""));
        to = put(to, expiration);
        to = put(to, SLICE("\",\"generation\":"));
        assert((size_t)(to - start) < capacity - GENERATION_CAPACITY);
        buffer_commit(b, (size_t)(to - start));
        (void)buffer_put_u64(b, entry_generation(x->profile->entry));
        if (!sigv4_url_is_as_sent(&w->url, w->rules))
                put_url_to_send(x->server, w, b);
        (void)buffer_put(b, SLICE("}\n"));
        json_answer_send_fast(x);
}

static void sign(struct exchange *x, const struct sign_work *w, struct credentials *c)
{
        struct error e;
        struct sigv4_result signature;
        struct server *s = x->server;
        int64_t now_s = entry_now_s(x->profile->entry);
        const struct sigv4_request request = sign_work_sigv4(w, now_s);
        if (sigv4_sign(s->deps.signer, &request, c, &s->signing, &signature, &e) < 0) {
                sign_work_send_error(x, API_INVALID_REQUEST, &e);
                return;
        }
        count_signature(x, w, c, now_s);
        int64_t expires_s = request.time_s + HEADERS_LIVE_S;
        send_signature(x, w, &signature, c, expires_s < c->expires_s ? expires_s : c->expires_s);
}

void handle_sign(struct exchange *x)
{
        struct sign_work w;
        if (sign_work_begin(x, SIGN_HEADERS, &w) < 0)
                return;
        struct credentials *c = entry_peek(x->profile->entry);
        if (c)
                sign(x, &w, c);
        else if (sign_work_keep(x, &w) == 0)
                wait_for_credentials(x, w.wait_ms);
}

void resume_sign(struct exchange *x, const struct outcome *o)
{
        struct sign_work *w = x->handler_state;
        struct credentials *c = entry_last_resort(x->profile->entry);
        if (!c)
                problem_send_unavailable(x, o);
        else if (sign_work_decide(x, w) == 0)
                sign(x, w, c);
}

// --- presign ---

// A URL dies with the credentials in it. Fresh ones are worth a call when they give the whole time asked for, or at
// least twice what is left; not when those held are fresh themselves.
static bool would_refresh_help(const struct credentials *c, int64_t now_s, int64_t expires_in_s)
{
        if (c->expires_s == CREDENTIALS_NEVER_EXPIRE || now_s - c->issued_s < REFRESH_GAIN_S)
                return false;
        int64_t life_s = c->expires_s - c->issued_s;
        int64_t left_s = c->expires_s - now_s;
        return left_s < expires_in_s && (life_s >= expires_in_s || left_s <= life_s / 2);
}

// Nothing in a token needs an escape.
static void put_token(const struct sign_work *w, struct buffer *url, struct buffer *b)
{
        json_key(b, "token");
        (void)buffer_put_byte(b, '"');
        token_put(w->token, w->request.url, url, w->user_agent, b);
        (void)buffer_put_byte(b, '"');
        b->failed = b->failed || url->failed;
}

static void send_url(struct exchange *x, const struct sign_work *w, int64_t expires_s, int64_t expires_in_s,
                     bool is_cut)
{
        char expiration[TIME_RFC3339_SIZE];
        struct buffer *b = json_answer_body(x), *url = &x->server->signing;
        json_begin_object(b);
        if (w->token)
                put_token(w, url, b);
        else
                json_member(b, "url", buffer_slice(url));
        if (time_format_rfc3339(expires_s, expiration) == 0)
                json_member(b, "expiration", slice_str(expiration));
        json_member_i64(b, "expires_in", expires_in_s);
        json_member_bool(b, "cut", is_cut);
        json_member_i64(b, "generation", (int64_t)entry_generation(x->profile->entry));
        json_answer_send_object(x);
}

static void presign(struct exchange *x, const struct sign_work *w, struct credentials *c)
{
        struct error e;
        int64_t now_s = entry_now_s(x->profile->entry);
        const struct sigv4_request request = sign_work_sigv4(w, now_s);
        int64_t expires_in_s = sign_work_expires_in(w, now_s);
        if (c->expires_s != CREDENTIALS_NEVER_EXPIRE && c->expires_s - request.time_s < expires_in_s)
                expires_in_s = c->expires_s - request.time_s;
        bool is_cut = expires_in_s < w->request.expires_in_s;
        if (expires_in_s < 1) {
                problem_sendf(
                    x, API_INVALID_REQUEST, "leave \"time\" out",
                    "no URL that is signed for that time may be valid: see \"max_expires_in\" of the profile, and the "
                    "end of its credentials");
                return;
        }
        bool is_shorter = w->token && w->token->url_expires_s > 0 && w->token->url_expires_s < expires_in_s;
        if (sigv4_presign(x->server->deps.signer, &request, c, is_shorter ? w->token->url_expires_s : expires_in_s,
                          &x->server->signing, &e) < 0) {
                sign_work_send_error(x, API_INVALID_REQUEST, &e);
                return;
        }
        count_signature(x, w, c, now_s);
        send_url(x, w, request.time_s + expires_in_s, expires_in_s, is_cut);
}

// With the credentials held, or after a wait for others.
static void presign_or_wait(struct exchange *x, const struct sign_work *w)
{
        struct entry *entry = x->profile->entry;
        struct credentials *c = entry_peek(entry);
        bool refreshes = c && w->wait_ms != 0 &&
                         would_refresh_help(c, entry_now_s(entry), sign_work_expires_in(w, entry_now_s(entry)));
        if (c && !refreshes)
                presign(x, w, c);
        else if (sign_work_keep(x, w) < 0)
                return;
        else if (c)
                exchange_wait(x, entry,
                              &(struct wait){.want = VAULT_WANT_REFRESH, .ms = wait_query_or_default(x, w->wait_ms)});
        else
                wait_for_credentials(x, w->wait_ms);
}

void handle_presign(struct exchange *x)
{
        struct sign_work w;
        if (sign_work_begin(x, SIGN_URL, &w) == 0)
                presign_or_wait(x, &w);
}

void handle_token(struct exchange *x)
{
        struct sign_work w;
        if (token_work_begin(x, &w) == 0)
                presign_or_wait(x, &w);
}

void resume_presign(struct exchange *x, const struct outcome *o)
{
        struct sign_work *w = x->handler_state;
        struct credentials *c = entry_last_resort(x->profile->entry);
        if (!c)
                problem_send_unavailable(x, o);
        else if (sign_work_decide(x, w) == 0)
                presign(x, w, c);
}
