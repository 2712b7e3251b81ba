// SPDX-License-Identifier: Apache-2.0
// The parts of a head are stored as offsets from its first byte. If a head arrives in pieces, its bytes are collected
// in `held`, so that the offsets stay valid; a head that arrives in one piece is not copied.
#include "proto/wire/http.h"

#include "proto/mem/buffer.h"
#include "proto/wire/http_head.h"
#include "proto/wire/http_trailers.h"

#include <llhttp.h>
#include <stdlib.h>

// Larger buffers are freed between messages.
#define KEEP_SIZE ((size_t)16 * 1024)

enum stage { STAGE_IDLE, STAGE_HEAD, STAGE_BODY };

struct http_parser {
        llhttp_t llhttp;
        enum http_event failure; // HTTP_MORE: none
        enum stage stage;
        bool is_complete;   // llhttp has seen the end of the message; HTTP_END was not returned yet
        bool is_trailing;   // the last chunk is read
        bool is_value_last; // the last span was a value or part of one

        const uint8_t *feed;    // the first byte of this call, while a head is read
        size_t extensions_size; // bytes of chunk extensions

        struct http_spans spans;
        struct http_head head;
        const uint8_t *head_at; // the head in the caller's bytes; NULL: it is in `held`
        size_t head_n;
        struct buffer held;

        struct slice body; // the piece of HTTP_BODY_PIECE
        struct http_trailers trailers;
};

static int fail(struct http_parser *p, enum http_event why)
{
        p->failure = why;
        return -1;
}

// --- the head ---

static bool add_piece(const struct http_parser *p, struct http_span *s, const char *at, size_t n)
{
        // Never over LIMIT_HTTP_HEAD: llhttp gets no more bytes before the head is complete.
        size_t offset = p->held.n + (size_t)((const uint8_t *)at - p->feed);
        return http_span_add(s, (uint32_t)offset, n);
}

static int on_url(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = llhttp->data;
        return add_piece(p, &p->spans.target, at, n) ? 0 : fail(p, HTTP_BAD);
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = llhttp->data;
        struct http_spans *spans = &p->spans;
        if (p->stage == STAGE_BODY) // a trailer: read by http_trailers_resolve()
                return 0;
        if (spans->lines_count == 0 || p->is_value_last) {
                if (spans->lines_count == LIMIT_HTTP_HEADERS_N)
                        return fail(p, HTTP_HEAD_TOO_LARGE);
                spans->lines[spans->lines_count++] = (struct http_line){0};
                p->is_value_last = false;
        }
        return add_piece(p, &spans->lines[spans->lines_count - 1].name, at, n) ? 0 : fail(p, HTTP_BAD);
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = llhttp->data;
        struct http_spans *spans = &p->spans;
        if (p->stage == STAGE_BODY)
                return 0;
        if (spans->lines_count == 0)
                return fail(p, HTTP_BAD);
        p->is_value_last = true;
        if (n == 0) // http_spans_resolve() finds the place of an empty value
                return 0;
        // A gap is a folded line (RFC 9112, 5.2: to be refused).
        return add_piece(p, &spans->lines[spans->lines_count - 1].value, at, n) ? 0 : fail(p, HTTP_BAD);
}

static enum http_body_kind body_kind(const llhttp_t *llhttp)
{
        if (llhttp->flags & F_CHUNKED)
                return HTTP_BODY_CHUNKED;
        if (llhttp->flags & F_CONTENT_LENGTH)
                return llhttp->content_length > 0 ? HTTP_BODY_SIZED : HTTP_BODY_NONE;
        return llhttp_message_needs_eof(llhttp) ? HTTP_BODY_TO_EOF : HTTP_BODY_NONE;
}

// Pauses at the last byte of the head, unless the message ends there, too.
static int on_headers_complete(llhttp_t *llhttp)
{
        struct http_parser *p = llhttp->data;
        p->stage = STAGE_BODY;
        p->head.keep_alive = llhttp_should_keep_alive(llhttp) != 0;
        p->head.body = body_kind(llhttp);
        p->head.content_length = p->head.body == HTTP_BODY_SIZED ? llhttp->content_length : 0;
        llhttp->upgrade = 0; // upgrades are not supported: a body of CONNECT is a body, not the next request
        return p->head.body == HTTP_BODY_NONE ? 0 : HPE_PAUSED;
}

// RFC 9112, 6.1 to 6.3: the end of the body must be unambiguous; no transfer coding but chunked.
static bool is_framing_good(const struct http_parser *p)
{
        const llhttp_t *l = &p->llhttp;
        if (!(l->flags & F_TRANSFER_ENCODING))
                return true;
        if ((l->flags & F_CONTENT_LENGTH) || p->head.is_1_0)
                return false;
        return slice_eq_ignore_case(http_head_get(&p->head, SLICE("transfer-encoding")), SLICE("chunked"));
}

static enum http_event finish_head(struct http_parser *p, struct slice bytes)
{
        const llhttp_t *l = &p->llhttp;
        struct http_head *head = &p->head;
        head->is_1_0 = l->http_minor == 0;
        if (l->http_major != 1 || l->http_minor > 1 || !http_spans_resolve(&p->spans, bytes, head) ||
            !is_framing_good(p))
                return p->failure = HTTP_BAD;
        p->head_n = bytes.n;
        p->head_at = p->held.n > 0 ? NULL : bytes.p;
        if (l->type == HTTP_RESPONSE) {
                head->status = l->status_code;
                return HTTP_HEAD_DONE;
        }
        head->method = slice_str(llhttp_method_name(l->method));
        head->expects_continue = head->body != HTTP_BODY_NONE && !head->is_1_0 &&
                                 slice_eq_ignore_case(http_head_get(head, SLICE("expect")), SLICE("100-continue"));
        return HTTP_HEAD_DONE;
}

// --- the body ---

static int on_body(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = llhttp->data;
        p->body = slice_of(at, n);
        return p->head.body == HTTP_BODY_CHUNKED ? HPE_PAUSED : 0;
}

static int on_chunk_extension(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = llhttp->data;
        (void)at;
        p->extensions_size += n;
        return p->extensions_size > LIMIT_HTTP_HEAD ? fail(p, HTTP_HEAD_TOO_LARGE) : 0;
}

static int on_chunk_header(llhttp_t *llhttp)
{
        struct http_parser *p = llhttp->data;
        p->is_trailing = llhttp->content_length == 0;
        return p->is_trailing ? HPE_PAUSED : 0; // the trailers are collected
}

static int on_message_complete(llhttp_t *llhttp)
{
        struct http_parser *p = llhttp->data;
        p->is_complete = true;
        return HPE_PAUSED; // what follows belongs to the next message
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_header = on_chunk_header,
    .on_chunk_extension_name = on_chunk_extension,
    .on_chunk_extension_value = on_chunk_extension,
    .on_message_complete = on_message_complete,
};

// --- feeding ---

static void take(struct slice *bytes, size_t n)
{
        bytes->p += n;
        bytes->n -= n;
}

// Passes the first `n` bytes to llhttp, until a callback pauses, and removes what it consumed. False: `failure` is set.
static bool execute(struct http_parser *p, struct slice *bytes, size_t n)
{
        const char *at = (const char *)bytes->p;
        enum llhttp_errno rc = llhttp_execute(&p->llhttp, at, n);
        if (rc == HPE_PAUSED) {
                n = (size_t)(llhttp_get_error_pos(&p->llhttp) - at);
                llhttp_resume(&p->llhttp);
        } else if (rc != HPE_OK) {
                if (p->failure == HTTP_MORE)
                        p->failure = HTTP_BAD;
                return false;
        }
        take(bytes, n);
        return true;
}

static void begin(struct http_parser *p)
{
        llhttp_reset(&p->llhttp);
        if (p->held.cap > KEEP_SIZE)
                buffer_free(&p->held);
        else if (p->held.n > 0)
                buffer_reset(&p->held);
        http_trailers_reset(&p->trailers);
        p->stage = STAGE_HEAD;
        p->is_complete = p->is_trailing = p->is_value_last = false;
        p->extensions_size = 0;
        p->spans.target = (struct http_span){0};
        p->spans.lines_count = 0;
        p->head.expects_continue = false;
}

static enum http_event read_head(struct http_parser *p, struct slice *bytes)
{
        struct slice fresh = slice_head(*bytes, LIMIT_HTTP_HEAD - p->held.n);
        p->feed = fresh.p;
        if (!execute(p, bytes, fresh.n))
                return p->failure;
        bool is_whole = p->stage == STAGE_BODY;
        if (!is_whole && p->held.n + fresh.n == LIMIT_HTTP_HEAD)
                return p->failure = HTTP_HEAD_TOO_LARGE;
        struct slice taken = slice_of(fresh.p, (size_t)(bytes->p - fresh.p));
        if (is_whole && p->held.n == 0)
                return finish_head(p, taken);
        if (buffer_put(&p->held, taken) < 0) // its size was checked: fails only without memory
                return p->failure = HTTP_NO_MEMORY;
        return is_whole ? finish_head(p, buffer_slice(&p->held)) : HTTP_MORE;
}

static enum http_event end_message(struct http_parser *p)
{
        if (p->is_trailing)
                p->failure = http_trailers_resolve(&p->trailers);
        if (p->failure != HTTP_MORE)
                return p->failure;
        p->stage = STAGE_IDLE;
        return HTTP_END;
}

static enum http_event read_body(struct http_parser *p, struct slice *bytes)
{
        while (bytes->n > 0 && p->body.n == 0 && !p->is_complete) {
                struct slice before = *bytes;
                bool is_trailer = p->is_trailing;
                if (!execute(p, bytes, bytes->n))
                        return p->failure;
                if (is_trailer) {
                        p->failure = http_trailers_add(&p->trailers, slice_head(before, before.n - bytes->n));
                        if (p->failure != HTTP_MORE)
                                return p->failure;
                }
        }
        if (p->body.n > 0)
                return HTTP_BODY_PIECE;
        if (p->is_complete)
                return end_message(p);
        return http_parser_keep(p) < 0 ? p->failure : HTTP_MORE;
}

enum http_event http_parser_next(struct http_parser *p, struct slice *bytes)
{
        if (p->failure != HTTP_MORE)
                return p->failure;
        p->body = (struct slice){0};
        if (p->stage == STAGE_BODY)
                return read_body(p, bytes);
        while (p->stage == STAGE_IDLE && bytes->n > 0 && (bytes->p[0] == '\r' || bytes->p[0] == '\n'))
                take(bytes, 1); // RFC 9112, 2.2: empty lines before a message
        if (bytes->n == 0)
                return HTTP_MORE;
        if (p->stage == STAGE_IDLE)
                begin(p);
        return read_head(p, bytes);
}

int http_parser_keep(struct http_parser *p)
{
        if (!p->head_at)
                return 0;
        if (buffer_put(&p->held, slice_of(p->head_at, p->head_n)) < 0)
                return fail(p, HTTP_NO_MEMORY);
        p->head_at = NULL;
        return http_spans_resolve(&p->spans, buffer_slice(&p->held), &p->head) ? 0 : fail(p, HTTP_BAD);
}

// --- the rest ---

struct http_parser *http_parser_new(enum http_side side)
{
        struct http_parser *p = calloc(1, sizeof(*p));
        if (!p)
                return NULL;
        p->spans.is_request = side == HTTP_REQUESTS;
        llhttp_init(&p->llhttp, side == HTTP_REQUESTS ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
        p->llhttp.data = p;
        buffer_init(&p->held, LIMIT_HTTP_HEAD);
        http_trailers_init(&p->trailers);
        return p;
}

void http_parser_free(struct http_parser *p)
{
        if (!p)
                return;
        buffer_free(&p->held);
        http_trailers_free(&p->trailers);
        free(p);
}

const struct http_head *http_parser_head(const struct http_parser *p)
{
        return &p->head;
}

struct slice http_parser_body(const struct http_parser *p)
{
        return p->body;
}

const struct http_header *http_parser_trailers(const struct http_parser *p, size_t *ret_count)
{
        *ret_count = p->trailers.count;
        return p->trailers.list;
}

bool http_parser_is_inside(const struct http_parser *p)
{
        return p->stage != STAGE_IDLE;
}
