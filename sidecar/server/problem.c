// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/wire/json_write.h"
#include "sidecar/server/access.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/state.h"

enum { DETAIL_SIZE = 1024, HEADERS_SIZE = 256, RETRY_MAX_S = 60, RETRY_TOO_MANY_S = 1 };

// "urn:keyfob:error:credentials-unavailable"
static void put_type(struct buffer *b, const char *code)
{
        json_key(b, "type");
        (void)buffer_put(b, SLICE("\"urn:keyfob:error:"));
        for (; *code; code++)
                (void)buffer_put_byte(b, *code == '_' ? '-' : (uint8_t)*code);
        (void)buffer_put_byte(b, '"');
}

static void put_text(struct buffer *b, const char *key, const char *text)
{
        if (text && text[0])
                json_member(b, key, slice_str(text));
}

static void put_upstream(struct buffer *b, const struct error *e)
{
        if (!e || (!e->upstream.code[0] && e->upstream.status == 0))
                return;
        json_key(b, "upstream");
        json_begin_object(b);
        put_text(b, "service", e->upstream.service);
        put_text(b, "code", e->upstream.code);
        put_text(b, "message", e->upstream.message);
        put_text(b, "request_id", e->upstream.request_id);
        if (e->upstream.status)
                json_member_i64(b, "status", e->upstream.status);
        json_end_object(b);
}

static void put_problem(struct buffer *b, const struct exchange *x, const struct problem *p)
{
        const struct api_error_text *text = api_error_text(p->code);
        const struct error *e = p->cause;
        char detail[DETAIL_SIZE], hint[DETAIL_SIZE];
        json_begin_object(b);
        put_type(b, text->code);
        put_text(b, "title", text->title);
        json_member_i64(b, "status", text->status);
        put_text(b, "code", text->code);
        put_text(
            b, "detail",
            access_hide_sources(x->profile, x->peer, p->detail || !e ? p->detail : e->message, detail, sizeof(detail)));
        put_text(b, "hint",
                 access_hide_sources(x->profile, x->peer, p->hint || !e ? p->hint : e->hint, hint, sizeof(hint)));
        if (x->profile)
                put_text(b, "profile", x->profile->name);
        if (p->retry_after_s > 0)
                json_member_i64(b, "retry_after", p->retry_after_s);
        put_upstream(b, e);
        json_end_object(b);
        (void)buffer_put_byte(b, '\n');
}

static void send_as(struct exchange *x, const struct problem *p, const char *content_type)
{
        char headers[HEADERS_SIZE] = "";
        struct buffer *b = &x->server->body;
        if (p->retry_after_s > 0)
                (void)snprintf(headers, sizeof(headers), "Retry-After: %lld\r\n", (long long)p->retry_after_s);
        struct answer answer = {.status = api_error_text(p->code)->status,
                                .content_type = content_type,
                                .headers = p->headers ? p->headers : headers,
                                .closes = p->closes};
        if (!b->failed)
                answer.body = buffer_slice(b);
        exchange_answer(x, &answer);
}

void problem_send_json(struct exchange *x, const struct problem *p)
{
        put_problem(json_answer_body(x), x, p);
        send_as(x, p, "application/problem+json");
}

// Some SDKs read the names in lower case, some in upper case.
void problem_send_short(struct exchange *x, const struct problem *p)
{
        const char *code = api_error_text(p->code)->code;
        const struct error *e = p->cause;
        const char *detail = p->detail || !e ? p->detail : e->message;
        char shown[DETAIL_SIZE];
        detail = access_hide_sources(x->profile, x->peer, detail, shown, sizeof(shown));
        struct buffer *b = json_answer_body(x);
        json_begin_object(b);
        put_text(b, "code", code);
        put_text(b, "message", detail);
        put_text(b, "Code", code);
        put_text(b, "Message", detail);
        json_end_object(b);
        (void)buffer_put_byte(b, '\n');
        send_as(x, p, "application/json");
}

void problem_send(struct exchange *x, const struct problem *p)
{
        x->api->send_problem(x, p);
}

void problem_send_no_memory(struct exchange *x)
{
        problem_send(x, &(struct problem){.code = API_INTERNAL_ERROR, .detail = "out of memory"});
}

void problem_send_shutting_down(struct exchange *x)
{
        problem_send(x, &(struct problem){.code = API_SHUTTING_DOWN,
                                          .detail = "the agent is shutting down",
                                          .hint = "ask again once the agent is back"});
}

void problem_send_too_many(struct exchange *x, const char *detail)
{
        problem_send(x, &(struct problem){.code = API_TOO_MANY_REQUESTS,
                                          .detail = detail,
                                          .hint = "send fewer requests at once",
                                          .retry_after_s = RETRY_TOO_MANY_S});
}

void problem_sendf(struct exchange *x, enum api_error code, const char *hint, const char *format, ...)
{
        char detail[DETAIL_SIZE];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(detail, sizeof(detail), format, args);
        va_end(args);
        problem_send(x, &(struct problem){.code = code, .detail = detail, .hint = hint});
}

static int64_t retry_after_s(struct exchange *x, const struct entry_status *status)
{
        if (status->next_refresh_s == 0)
                return 1;
        int64_t wait_s = status->next_refresh_s - entry_now_s(x->profile->entry) + 1;
        if (wait_s < 1)
                return 1;
        return wait_s < RETRY_MAX_S ? wait_s : RETRY_MAX_S;
}

static enum api_error code_of(const struct error *e)
{
        switch (e->kind) {
        case ERROR_CONFIG:
        case ERROR_DENIED:
                return API_UPSTREAM_ERROR;
        case ERROR_TRANSIENT:
                return e->timed_out ? API_UPSTREAM_TIMEOUT : API_CREDENTIALS_UNAVAILABLE;
        case ERROR_INTERACTION:
                return e->wants_code ? API_MFA_REQUIRED : API_LOGIN_REQUIRED;
        case ERROR_NONE:
        case ERROR_THROTTLED:
        case ERROR_PROTOCOL:
        case ERROR_CANCELLED:
        case ERROR_INTERNAL:
        case ERROR_KIND_COUNT:
                break;
        }
        return API_CREDENTIALS_UNAVAILABLE;
}

void problem_send_error(struct exchange *x, const struct error *e)
{
        struct entry_status status;
        entry_status(x->profile->entry, &status);
        bool is_interactive = e->kind == ERROR_INTERACTION; // a retry does not help, so there is no Retry-After
        problem_send(x, &(struct problem){.code = code_of(e),
                                          .cause = e,
                                          .retry_after_s = is_interactive ? 0 : retry_after_s(x, &status)});
}

void problem_send_unavailable(struct exchange *x, const struct outcome *o)
{
        struct entry_status status;
        entry_status(x->profile->entry, &status);
        const struct error *e = o && o->error ? o->error : status.last_error;
        if (e) {
                problem_send_error(x, e);
                return;
        }
        problem_send(x, &(struct problem){.code = API_CREDENTIALS_UNAVAILABLE,
                                          .detail = "the profile holds no credentials yet; they are being fetched",
                                          .hint = "ask again, or wait longer with ?wait=SECONDS (at most 60)",
                                          .retry_after_s = retry_after_s(x, &status)});
}
