// SPDX-License-Identifier: Apache-2.0
// Answers of a connection. The kernel nearly always takes an answer in one write.
#include <assert.h>

#include "proto/wire/http_chunk.h"
#include "sidecar/server/connection.h"
#include "sidecar/server/http1_head.h"
#include "sidecar/server/state.h"

// Reads and discards what the peer is still sending. Closing at once would reset the connection, and a peer that is
// still writing would see that error instead of the answer.
static void linger(struct connection *c)
{
        connection_set_state(c, CONNECTION_LINGERING);
        buffer_free(&c->pending);
        if (c->is_at_end || stream_shut_down(&c->stream) < 0 || stream_resume(&c->stream) < 0)
                connection_close(c);
}

void connection_after_answer(struct connection *c)
{
        if (c->end == CONNECTION_KEEP)
                connection_set_state(c, http_parser_is_inside(c->parser) ? CONNECTION_READING : CONNECTION_IDLE);
        else if (c->end == CONNECTION_LINGER || c->is_in_body)
                linger(c);
        else
                connection_close(c);
}

void connection_write(struct connection *c, const struct slice *parts, size_t count)
{
        if (c->state == CONNECTION_CLOSING)
                return;
        if (stream_write(&c->stream, parts, count) < 0) {
                connection_close(c);
                return;
        }
        size_t unsent = stream_unsent(&c->stream);
        if (unsent == 0)
                return;
        if (c->unsent == 0)
                c->since_ms = uv_now(c->server->deps.loop);
        c->unsent = unsent;
        if (!account_set(&c->account, USER_OUTPUT,
                         unsent)) // over the user's limit: the answer cannot be kept, and it has begun
                connection_close(c);
}

// Skips the rest of the body, so that the connection stays usable, unless the rest is long or may never come.
static void choose_end(struct connection *c)
{
        if (c->end != CONNECTION_KEEP || !c->is_in_body)
                return;
        const struct http_head *head = http_parser_head(c->parser);
        bool is_long = head->content_length > c->body_n + LIMIT_HTTP_BODY;
        if (is_long || (head->expects_continue && c->body_n == 0))
                c->end = CONNECTION_LINGER;
}

static const char *connection_header(const struct connection *c)
{
        if (c->end != CONNECTION_KEEP)
                return "Connection: close\r\n";
        return c->is_1_0 ? "Connection: keep-alive\r\n" : "";
}

// 0, or -1: the connection was closed, as memory ran out or a header line lacks its CR LF.
static int put_head(struct connection *c, const struct answer *a, enum http1_framing framing)
{
        struct buffer *head = &c->server->head;
        buffer_reset(head);
        http1_head_put(head, &c->exchange, a, framing, connection_header(c));
        if (!head->failed)
                return 0;
        connection_close(c);
        return -1;
}

static bool is_plain_json(const struct answer *a)
{
        return a->headroom >= HTTP1_HEAD_CAPACITY && a->status == 200 && !a->headers && !a->put_headers;
}

static void answer(struct exchange *x, const struct answer *a)
{
        struct connection *c = connection_of_exchange(x);
        if (a->closes)
                c->end = CONNECTION_LINGER;
        choose_end(c);
        bool is_usual = !x->is_head && c->end == CONNECTION_KEEP && !c->is_1_0;
        if (is_usual && a->head_n > 0) {
                struct slice whole = {a->body.p - a->head_n, a->head_n + a->body.n};
                connection_write(c, &whole, 1);
        } else if (is_usual && is_plain_json(a)) {
                const uint8_t *head = http1_head_put_before((uint8_t *)(uintptr_t)a->body.p, a->body.n);
                struct slice whole = {head, (size_t)(a->body.p - head) + a->body.n};
                connection_write(c, &whole, 1);
        } else if (put_head(c, a, HTTP1_LENGTH) == 0) {
                struct slice parts[] = {buffer_slice(&c->server->head), a->body};
                connection_write(c, parts, a->body.n > 0 && !x->is_head ? 2 : 1);
        }
}

static void answer_begin(struct exchange *x, const struct answer *a)
{
        struct connection *c = connection_of_exchange(x);
        c->is_chunked = !x->is_head && !c->is_1_0;
        if (c->is_1_0 && !x->is_head && c->end == CONNECTION_KEEP)
                c->end = CONNECTION_CLOSE; // the end of the connection marks the end of the body
        if (put_head(c, a, c->is_chunked ? HTTP1_CHUNKED : HTTP1_UNSAID) < 0)
                return;
        struct slice head = buffer_slice(&c->server->head);
        connection_write(c, &head, 1);
}

static bool answer_write(struct exchange *x, struct slice piece)
{
        struct connection *c = connection_of_exchange(x);
        char size[HTTP_CHUNK_HEAD_SIZE];
        struct slice parts[] = {{0}, piece, SLICE("\r\n")};
        if (c->is_chunked)
                parts[0] = http_chunk_head(piece.n, size);
        connection_write(c, c->is_chunked ? parts : &piece, c->is_chunked ? 3 : 1);
        bool is_full = c->state == CONNECTION_CLOSING || stream_unsent(&c->stream) > 0;
        c->calls_drain = c->calls_drain || is_full;
        return !is_full;
}

static void answer_end(struct exchange *x)
{
        struct connection *c = connection_of_exchange(x);
        c->calls_drain = false;
        choose_end(c); // more of the request's body may come after the handler's end
        if (c->is_chunked)
                connection_write(c, &SLICE("0\r\n\r\n"), 1);
}

static void fail(struct exchange *x)
{
        connection_close(connection_of_exchange(x));
}

static void call_drain(struct exchange *x)
{
        struct connection *c = connection_of_exchange(x);
        c->calls_drain = true;
        if (stream_unsent(&c->stream) == 0)
                turns_queue(c);
}

static void read_body(struct exchange *x)
{
        turns_queue(connection_of_exchange(x));
}

static void go_on(struct exchange *x)
{
        struct connection *c = connection_of_exchange(x);
        connection_settle(c);
        if (c->state != CONNECTION_CLOSING && (c->pending.n > 0 || c->is_at_end || !c->stream.is_reading))
                turns_queue(c);
}

const struct carrier_ops connection_carrier_ops = {.answer = answer,
                                                   .answer_begin = answer_begin,
                                                   .answer_write = answer_write,
                                                   .answer_end = answer_end,
                                                   .fail = fail,
                                                   .call_drain = call_drain,
                                                   .read_body = read_body,
                                                   .go_on = go_on};
