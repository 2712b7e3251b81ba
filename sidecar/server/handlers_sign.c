// SPDX-License-Identifier: Apache-2.0
// Signing of requests, by headers and by query. Nothing is allocated per request: JSON, signature and answer are made
// in the server's scratch.
#include <assert.h>

#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "proto/wire/json_write.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/reply.h"
#include "sidecar/server/request.h"
#include "sidecar/server/sign_work.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"

enum {
        HEADERS_LIVE_S = 300, // what services accept at the least
        REFRESH_GAIN_S = 60,  // a refresh that adds less life is not worth its call
        ANSWER_TEXTS_MAX =
            320, // what of an answer is the same for all, with its date, its time and GENERATION_CAPACITY
        GENERATION_CAPACITY = 32
};

static void count_signature(struct request *r, const struct credentials *c, int64_t now_s)
{
        metrics_count_signature(r->server->deps.metrics);
        if (c->expires_s <= now_s)
                metrics_count_served_expired(r->server->deps.metrics);
}

// --- sign ---

static uint8_t *put(uint8_t *to, struct slice s)
{
        memcpy(to, s.p, s.n);
        return to + s.n;
}

// The signatures of one second mostly end in one second. Empty: beyond the calendar.
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

// One text after the other, for this is the other hot path; none of them holds anything to be escaped.
static void send_signature(struct request *r, const struct sign_work *w, const struct sigv4_result *signature,
                           const struct credentials *c, int64_t expires_s)
{
        struct slice expiration = expiration_text(r->server, expires_s);
        struct buffer *b = reply_body_behind_head(r);
        size_t room = ANSWER_TEXTS_MAX + signature->authorization.n + signature->signed_headers.n + c->session_token.n +
                      w->payload_hash.n;
        uint8_t *start = buffer_reserve(b, room);
        if (!start) {
                problem_say(r, API_INTERNAL_ERROR, NULL, "out of memory");
                return;
        }
        if (expiration.n == 0) {
                problem_say(r, API_INVALID_REQUEST, "leave \"time\" out", "\"time\" is beyond the calendar");
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
        if (signature->has_content_sha256) {
                to = put(to, SLICE("\",\"x-amz-content-sha256\":\""));
                to = put(to, w->payload_hash);
        }
        to = put(to, SLICE("\"},\"signed_headers\":\""));
        to = put(to, signature->signed_headers);
        to = put(to, SLICE("\",\"expiration\":\""));
        to = put(to, expiration);
        to = put(to, SLICE("\",\"generation\":"));
        assert((size_t)(to - start) < room - GENERATION_CAPACITY);
        buffer_commit(b, (size_t)(to - start));
        (void)buffer_put_u64(b, entry_generation(r->profile->entry));
        (void)buffer_put(b, SLICE("}\n"));
        reply_send_json_behind_head(r);
}

// The order, and the credentials for it. NULL: refused, or they are being waited for.
static struct credentials *take_sign_request(struct request *r, const struct outcome *o, bool is_presign,
                                             struct sign_work *w)
{
        if (sign_work_prepare(r, is_presign, w) < 0)
                return NULL;
        struct credentials *c = entry_peek(r->profile->entry);
        if (!c)
                wait_for_credentials(r, o, w->wait_ms);
        return c;
}

void handle_sign(struct request *r, const struct outcome *o)
{
        struct sign_work w;
        struct error e;
        struct sigv4_result signature;
        struct credentials *c = take_sign_request(r, o, false, &w);
        if (!c)
                return;
        int64_t now_s = entry_now_s(r->profile->entry);
        const struct sigv4_request request = sign_work_request(&w, w.order.has_time ? w.order.time_s : now_s);
        if (sigv4_sign(r->server->deps.signer, &request, c, &r->server->signing, &signature, &e) < 0) {
                sign_work_say(r, API_INVALID_REQUEST, &e);
                return;
        }
        count_signature(r, c, now_s);
        int64_t expires_s = request.time_s + HEADERS_LIVE_S;
        send_signature(r, &w, &signature, c, expires_s < c->expires_s ? expires_s : c->expires_s);
        buffer_reset(&r->server->signing);
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

static void send_url(struct request *r, struct slice url, int64_t expires_s, int64_t expires_in_s, bool is_cut)
{
        char expiration[TIME_RFC3339_SIZE];
        struct buffer *b = reply_body(r);
        json_begin_object(b);
        json_member(b, "url", url);
        if (time_format_rfc3339(expires_s, expiration) == 0)
                json_member(b, "expiration", slice_str(expiration));
        json_member_i64(b, "expires_in", expires_in_s);
        json_member_bool(b, "cut", is_cut);
        json_member_i64(b, "generation", (int64_t)entry_generation(r->profile->entry));
        json_end_object(b);
        (void)buffer_put_byte(b, '\n');
        reply_send_json(r);
}

void handle_presign(struct request *r, const struct outcome *o)
{
        struct sign_work w;
        struct error e;
        struct credentials *c = take_sign_request(r, o, true, &w);
        if (!c)
                return;
        int64_t now_s = entry_now_s(r->profile->entry);
        int64_t expires_in_s = w.order.expires_in_s;
        if (!o && w.wait_ms != 0 && would_refresh_help(c, now_s, expires_in_s)) {
                request_wait(r, VAULT_WANT_REFRESH, 0, w.wait_ms == WAIT_UNSAID ? WAIT_DEFAULT_MS : w.wait_ms);
                return;
        }
        int64_t time_s = w.order.has_time ? w.order.time_s : now_s;
        bool is_cut = c->expires_s != CREDENTIALS_NEVER_EXPIRE && c->expires_s - time_s < expires_in_s;
        if (is_cut)
                expires_in_s = c->expires_s - time_s;
        if (expires_in_s < 1) {
                problem_say(r, API_INVALID_REQUEST, "leave \"time\" out", "the credentials are not valid at that time");
                return;
        }
        const struct sigv4_request request = sign_work_request(&w, time_s);
        struct buffer *url = &r->server->signing;
        buffer_reset(url);
        if (sigv4_presign(r->server->deps.signer, &request, c, expires_in_s, url, &e) < 0) {
                sign_work_say(r, API_INVALID_REQUEST, &e);
                return;
        }
        count_signature(r, c, now_s);
        send_url(r, buffer_slice(url), time_s + expires_in_s, expires_in_s, is_cut);
        buffer_reset(url);
}
