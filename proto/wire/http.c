// SPDX-License-Identifier: Apache-2.0
// Spans are kept as offsets from the first byte of the message. While the head arrives in pieces its bytes gather in
// `held`, so that the offsets stay true; a message that is whole in one feed is read where it lies.
#include "proto/wire/http.h"

#include "proto/wire/http_head.h"

#include <llhttp.h>
#include <stdlib.h>

// Above this a buffer's memory is given back between messages.
#define KEEP_SIZE ((size_t)16 * 1024)

#define HEAD_END_SIZE 4 // the CR LF CR LF after the last line

struct http_parser {
        llhttp_t llhttp;
        size_t body_max;
        enum http_parse failure; // HTTP_MORE: none

        bool is_inside;      // a message has begun and is not whole
        bool is_whole;       // the last call returned HTTP_DONE
        bool is_head_whole;  // all spans are known
        bool is_expecting;   // paused for HTTP_EXPECTS
        bool is_value_last;  // the last span was (part of) a value
        const uint8_t *feed; // first byte of this call that belongs to the message
        const uint8_t *feed_end;
        size_t overhead; // bytes of trailers and chunk extensions

        struct http_head head;
        size_t head_n; // what of the head has to be kept: up to and with its last line

        struct buffer held;  // the head, when it did not come whole or has to survive its feed
        struct buffer body;  // of a body that did not come in one piece
        struct slice direct; // a body that lies whole in the caller's bytes, so far
        struct http_message message;
};

static int fail(struct http_parser *p, enum http_parse why)
{
        p->failure = why;
        return -1;
}

// --- the head ---

static uint32_t offset_of(const struct http_parser *p, const char *at)
{
        // Below LIMIT_HTTP_HEAD: nothing more is fed before the head is whole.
        return (uint32_t)(p->held.n + (size_t)((const uint8_t *)at - p->feed));
}

static int count_overhead(struct http_parser *p, size_t n)
{
        p->overhead += n;
        return p->overhead > LIMIT_HTTP_HEAD ? fail(p, HTTP_HEAD_TOO_LARGE) : 0;
}

static int on_message_begin(llhttp_t *llhttp)
{
        struct http_parser *p = llhttp->data;
        p->is_inside = true;
        return 0;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = llhttp->data;
        return http_span_add(&p->head.target, offset_of(p, at), n) ? 0 : fail(p, HTTP_BAD);
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = llhttp->data;
        if (p->is_head_whole) // a trailer: read over
                return count_overhead(p, n);
        if (p->head.lines_count == 0 || p->is_value_last) {
                if (p->head.lines_count == LIMIT_HTTP_HEADERS_N)
                        return fail(p, HTTP_HEAD_TOO_LARGE);
                p->head.lines[p->head.lines_count++] = (struct http_line){0};
                p->is_value_last = false;
        }
        return http_span_add(&p->head.lines[p->head.lines_count - 1].name, offset_of(p, at), n) ? 0 : fail(p, HTTP_BAD);
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = llhttp->data;
        if (p->is_head_whole)
                return count_overhead(p, n);
        if (p->head.lines_count == 0)
                return fail(p, HTTP_BAD);
        p->is_value_last = true;
        if (n == 0) // where an empty value lies is for http_head_resolve() to find
                return 0;
        // A gap is a folded line (RFC 9112, 5.2: to be refused).
        return http_span_add(&p->head.lines[p->head.lines_count - 1].value, offset_of(p, at), n) ? 0
                                                                                                 : fail(p, HTTP_BAD);
}

// RFC 9112, 6.1 to 6.3: one way to say where the body ends, and none that is not undone here.
static bool is_framing_good(const struct http_parser *p)
{
        const struct llhttp__internal_s *l = &p->llhttp;
        if (!(l->flags & F_TRANSFER_ENCODING))
                return true;
        if ((l->flags & F_CONTENT_LENGTH) || l->http_minor == 0)
                return false;
        return slice_eq_ignore_case(http_message_header(&p->message, SLICE("transfer-encoding")), SLICE("chunked"));
}

// The head so far as one piece of memory; empty when it cannot be had.
static struct slice head_bytes(struct http_parser *p)
{
        struct slice fresh = {p->feed, (size_t)(p->feed_end - p->feed)};
        if (p->held.n == 0)
                return fresh;
        if (buffer_put(&p->held, slice_head(fresh, LIMIT_HTTP_HEAD - p->held.n)) < 0)
                return (struct slice){0};
        return buffer_slice(&p->held);
}

static int on_headers_complete(llhttp_t *llhttp)
{
        struct http_parser *p = llhttp->data;
        size_t end = 0;
        p->is_head_whole = true;
        if (llhttp->http_major != 1 || llhttp->http_minor > 1)
                return fail(p, HTTP_BAD);
        p->message.is_1_0 = llhttp->http_minor == 0;
        struct slice head = head_bytes(p);
        if (p->held.failed)
                return fail(p, HTTP_NO_MEMORY);
        if (!http_head_resolve(&p->head, head, &p->message, &end) || !is_framing_good(p))
                return fail(p, HTTP_BAD);
        p->head_n = end > 0 ? end + HEAD_END_SIZE : 0;
        if (p->head_n > LIMIT_HTTP_HEAD)
                return fail(p, HTTP_HEAD_TOO_LARGE);
        if (p->held.n > p->head_n) { // the body has a place of its own
                explicit_bzero(p->held.p + p->head_n, p->held.n - p->head_n);
                p->held.n = p->head_n;
        }
        if ((llhttp->flags & F_CONTENT_LENGTH) && llhttp->content_length > p->body_max)
                return fail(p, HTTP_BODY_TOO_LARGE);
        p->message.keep_alive = llhttp_should_keep_alive(llhttp) != 0;
        if (llhttp->type == HTTP_RESPONSE) {
                p->message.status = llhttp->status_code;
                return 0;
        }
        p->message.method = slice_str(llhttp_method_name(llhttp->method));
        if (llhttp->http_minor == 0)
                return 0;
        p->message.expects_continue =
            slice_eq_ignore_case(http_message_header(&p->message, SLICE("expect")), SLICE("100-continue"));
        bool has_body =
            (llhttp->flags & F_CHUNKED) || ((llhttp->flags & F_CONTENT_LENGTH) && llhttp->content_length > 0);
        p->is_expecting = p->message.expects_continue && has_body;
        return p->is_expecting ? HPE_PAUSED : 0;
}

// --- the body ---

static int on_body(llhttp_t *llhttp, const char *at, size_t n)
{
        struct http_parser *p = llhttp->data;
        struct slice piece = slice_of(at, n);
        if (n > p->body_max - p->body.n - p->direct.n)
                return fail(p, HTTP_BODY_TOO_LARGE);
        if (p->body.n == 0) {
                if (p->direct.n == 0) {
                        p->direct = piece;
                        return 0;
                }
                if (p->direct.p + p->direct.n == piece.p) {
                        p->direct.n += n;
                        return 0;
                }
        }
        // Lengths were checked, so only memory can lack.
        if (buffer_put(&p->body, p->direct) < 0 || buffer_put(&p->body, piece) < 0)
                return fail(p, HTTP_NO_MEMORY);
        p->direct = (struct slice){0};
        return 0;
}

static int on_chunk_extension(llhttp_t *llhttp, const char *at, size_t n)
{
        (void)at;
        return count_overhead(llhttp->data, n);
}

static int on_message_complete(llhttp_t *llhttp)
{
        struct http_parser *p = llhttp->data;
        p->is_whole = true;
        p->is_inside = false;
        p->message.body = p->body.n > 0 ? buffer_slice(&p->body) : p->direct;
        return HPE_PAUSED; // what follows belongs to the next message
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_extension_name = on_chunk_extension,
    .on_chunk_extension_value = on_chunk_extension,
    .on_message_complete = on_message_complete,
};

// --- feeding ---

static void recycle(struct buffer *b)
{
        if (b->cap > KEEP_SIZE)
                buffer_free(b);
        else if (b->n > 0 || b->failed)
                buffer_reset(b);
}

static void begin(struct http_parser *p)
{
        llhttp_reset(&p->llhttp);
        recycle(&p->held);
        recycle(&p->body);
        p->direct = (struct slice){0};
        p->is_inside = p->is_whole = p->is_head_whole = p->is_expecting = p->is_value_last = false;
        p->overhead = 0;
        p->head.target = (struct http_span){0};
        p->head.lines_count = 0;
        p->message.headers_count = 0;
        p->message.body = (struct slice){0};
        p->message.expects_continue = false;
}

// Keeps what was read of a message that is not whole, for the caller's bytes go. Lengths were checked, so only memory
// can lack.
static enum http_parse hold(struct http_parser *p, size_t taken)
{
        struct slice fresh = {p->feed, taken};
        if (!p->is_head_whole) {
                if (buffer_put(&p->held, fresh) < 0)
                        p->failure = HTTP_NO_MEMORY;
                return p->failure;
        }
        if (p->held.n == 0) {
                size_t end = 0;
                if (buffer_put(&p->held, slice_head(fresh, p->head_n)) < 0)
                        p->failure = HTTP_NO_MEMORY;
                else if (!http_head_resolve(&p->head, buffer_slice(&p->held), &p->message, &end))
                        p->failure = HTTP_BAD;
        }
        if (p->direct.n > 0) {
                if (buffer_put(&p->body, p->direct) < 0)
                        p->failure = HTTP_NO_MEMORY;
                p->direct = (struct slice){0};
        }
        return p->failure;
}

// How much may be given to llhttp now: no more than a head may have, while there is no whole head.
static size_t allowance(const struct http_parser *p, size_t taken, size_t rest)
{
        if (p->is_head_whole)
                return rest;
        size_t room = LIMIT_HTTP_HEAD - p->held.n - taken;
        return rest < room ? rest : room;
}

static enum http_parse run(struct http_parser *p, size_t *taken)
{
        size_t n = (size_t)(p->feed_end - p->feed);
        while (*taken < n) {
                size_t piece = allowance(p, *taken, n - *taken);
                if (piece == 0)
                        return p->failure = HTTP_HEAD_TOO_LARGE;
                const char *at = (const char *)p->feed + *taken;
                enum llhttp_errno rc = llhttp_execute(&p->llhttp, at, piece);
                if (rc == HPE_OK) {
                        *taken += piece;
                        continue;
                }
                if (rc != HPE_PAUSED)
                        return p->failure = p->failure != HTTP_MORE ? p->failure : HTTP_BAD;
                *taken += (size_t)(llhttp_get_error_pos(&p->llhttp) - at);
                if (p->is_whole)
                        return HTTP_DONE;
                llhttp_resume(&p->llhttp);
                p->is_expecting = false;
                return hold(p, *taken) == HTTP_MORE ? HTTP_EXPECTS : p->failure;
        }
        if (!p->is_head_whole && p->held.n + *taken >= LIMIT_HTTP_HEAD)
                return p->failure = HTTP_HEAD_TOO_LARGE;
        return hold(p, *taken);
}

int http_parser_keep(struct http_parser *p)
{
        if (!p->is_whole || hold(p, p->head_n) != HTTP_MORE)
                return -1;
        p->message.body = buffer_slice(&p->body);
        return 0;
}

enum http_parse http_parser_feed(struct http_parser *p, struct slice bytes, size_t *ret_taken)
{
        *ret_taken = 0;
        if (p->failure != HTTP_MORE)
                return p->failure;
        if (p->is_whole)
                begin(p);
        size_t skipped = 0; // RFC 9112, 2.2: empty lines before a message
        while (!p->is_inside && skipped < bytes.n && (bytes.p[skipped] == '\r' || bytes.p[skipped] == '\n'))
                skipped++;
        p->feed = bytes.p + skipped;
        p->feed_end = bytes.p + bytes.n;
        size_t taken = 0;
        enum http_parse result = skipped < bytes.n ? run(p, &taken) : HTTP_MORE;
        *ret_taken = skipped + taken;
        return result;
}

enum http_parse http_parser_finish(struct http_parser *p)
{
        if (p->failure != HTTP_MORE)
                return p->failure;
        if (p->is_inside && p->is_head_whole) {
                (void)llhttp_finish(&p->llhttp); // completes the message where its end is the connection's
                if (p->is_whole)
                        return HTTP_DONE;
        }
        return p->failure = HTTP_BAD;
}

// --- the rest ---

struct http_parser *http_parser_new(enum http_side side, size_t body_max)
{
        struct http_parser *p = calloc(1, sizeof(*p));
        if (!p)
                return NULL;
        p->head.is_request = side == HTTP_REQUESTS;
        llhttp_init(&p->llhttp, side == HTTP_REQUESTS ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
        p->llhttp.data = p;
        p->body_max = body_max;
        buffer_init(&p->held, LIMIT_HTTP_HEAD);
        buffer_init(&p->body, body_max);
        return p;
}

void http_parser_free(struct http_parser *p)
{
        if (!p)
                return;
        buffer_free(&p->held);
        buffer_free(&p->body);
        free(p);
}

const struct http_message *http_message(const struct http_parser *p)
{
        return &p->message;
}

bool http_parser_is_inside(const struct http_parser *p)
{
        return p->is_inside;
}
