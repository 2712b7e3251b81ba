// SPDX-License-Identifier: Apache-2.0
// Input of a connection. All connections read into one buffer of the server, which is wiped after each read. Bytes that
// are needed longer are copied (by the parser, to `body` or to `pending`) and charged to the user.
#include <assert.h>

#include "sidecar/server/connection.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/state.h"

static bool is_over(const struct connection *c)
{
        return c->state == CONNECTION_WRITING || c->state == CONNECTION_LINGERING || c->state == CONNECTION_CLOSING;
}

// Whether further input can belong to a request.
static bool may_parse(const struct connection *c)
{
        const struct exchange *x = &c->exchange;
        if (is_over(c))
                return false;
        if (x->state == EXCHANGE_NONE || x->state == EXCHANGE_COLLECTING)
                return true;
        return x->route && x->route->body == BODY_STREAM && !x->is_body_whole && !x->is_body_paused;
}

void connection_settle(struct connection *c)
{
        struct exchange *x = &c->exchange;
        if (x->state != EXCHANGE_ENDED || c->state == CONNECTION_CLOSING)
                return;
        exchange_finish(x);
        if (c->end == CONNECTION_KEEP && !c->is_in_body && stream_unsent(&c->stream) == 0) // nearly always
                connection_set_state(c, CONNECTION_IDLE);
        else if (stream_unsent(&c->stream) > 0)
                connection_set_state(c, CONNECTION_WRITING);
        else
                connection_after_answer(c);
}

// --- refusals ---

static void drop_body(struct connection *c)
{
        c->direct = (struct slice){0};
        if (c->body.p)
                buffer_free(&c->body);
}

void connection_refuse(struct connection *c, const struct problem *p)
{
        struct exchange *x = &c->exchange;
        if (x->state == EXCHANGE_ANSWERING ||
            x->state == EXCHANGE_ENDED) { // the answer has begun, so no error can be sent
                connection_close(c);
                return;
        }
        c->end = CONNECTION_LINGER;
        if (x->state == EXCHANGE_NONE)
                exchange_begin(x, NULL, c->server->turn_ns);
        exchange_refuse(x, p);
        drop_body(c);
        connection_settle(c);
}

static void refuse_size(struct connection *c)
{
        connection_refuse(c, &(struct problem){.code = API_BODY_TOO_LARGE,
                                               .detail = "the body of the request is too large",
                                               .hint = "to sign a large payload, send its hash as payload_sha256"});
}

static void refuse_memory(struct connection *c)
{
        connection_refuse(c, &(struct problem){.code = API_INTERNAL_ERROR, .detail = "out of memory"});
}

static void refuse_input(struct connection *c, enum http_event why)
{
        if (why == HTTP_NO_MEMORY)
                refuse_memory(c);
        else if (why == HTTP_HEAD_TOO_LARGE)
                connection_refuse(c, &(struct problem){.code = API_HEADERS_TOO_LARGE,
                                                       .detail = "the head of the request is too large",
                                                       .hint = "send fewer or shorter headers"});
        else
                connection_refuse(c, &(struct problem){.code = API_INVALID_REQUEST,
                                                       .detail = "malformed HTTP request",
                                                       .hint = "send HTTP/1.1 to this socket"});
}

// Charges the user for the input that the connection keeps. False: over the user's limit, and the request was refused.
static bool charge_input(struct connection *c)
{
        if (account_set(&c->account, USER_INPUT, c->pending.cap + c->body.cap + c->head_n))
                return true;
        connection_refuse(c, &(struct problem){.code = API_TOO_MANY_REQUESTS,
                                               .detail = "too many bytes of this uid's requests are being buffered",
                                               .hint = "send fewer requests at once",
                                               .retry_after_s = 1});
        return false;
}

static void release_input(struct connection *c)
{
        if (c->account.held[USER_INPUT] > 0 && c->state != CONNECTION_CLOSING)
                account_lower(&c->account, USER_INPUT, c->pending.cap + c->body.cap + c->head_n);
}

// --- events ---

// RFC 9110, 10.1.1: not sent if some of the body has already arrived.
static void send_continue(struct connection *c)
{
        connection_write(c, &SLICE("HTTP/1.1 100 Continue\r\n\r\n"), 1);
}

static void on_head(struct connection *c, bool is_all)
{
        const struct http_head *head = http_parser_head(c->parser);
        struct exchange *x = &c->exchange;
        c->is_1_0 = head->is_1_0;
        c->is_in_body = head->body != HTTP_BODY_NONE;
        c->end = head->keep_alive && !c->server->is_closing ? CONNECTION_KEEP : CONNECTION_CLOSE;
        c->body_n = 0;
        exchange_begin(x, head, c->server->turn_ns);
        if (x->state == EXCHANGE_ENDED || c->state == CONNECTION_CLOSING) {
                connection_settle(c);
                return;
        }
        if (x->state != EXCHANGE_COLLECTING) {
                connection_set_state(c, CONNECTION_SERVING);
                if (http_parser_keep(c->parser) < 0)
                        refuse_memory(c);
        }
        if (head->expects_continue && is_all && !is_over(c))
                send_continue(c);
}

// Copies the collected part of the body before the buffer that it points into is wiped.
static int hold(struct connection *c)
{
        struct slice direct = c->direct;
        c->direct = (struct slice){0};
        return buffer_put(&c->body, direct);
}

static int collect(struct connection *c, struct slice piece)
{
        if (c->body.n == 0 && c->direct.n == 0) {
                c->direct = piece;
                return 0;
        }
        return hold(c) < 0 || buffer_put(&c->body, piece) < 0 ? -1 : 0;
}

static void on_body(struct connection *c, struct slice piece)
{
        struct exchange *x = &c->exchange;
        c->body_n += piece.n;
        if (x->state == EXCHANGE_NONE) { // it was answered before its body came
                if (c->body_n > LIMIT_HTTP_BODY)
                        connection_close(c);
        } else if (c->body_n > x->route->body_max) {
                refuse_size(c);
        } else if (x->route->body == BODY_STREAM) {
                c->since_ms = uv_now(c->server->deps.loop);
                exchange_body_piece(x, piece);
                connection_settle(c);
        } else if (x->route->body == BODY_WHOLE) {
                if (collect(c, piece) < 0)
                        refuse_memory(c);
                else if (c->body.n > 0)
                        (void)charge_input(c); // refused: the exchange has ended
        }
}

static void on_whole(struct connection *c)
{
        struct exchange *x = &c->exchange;
        c->is_in_body = false;
        c->head_n = 0;
        if (x->state == EXCHANGE_NONE) {
                connection_set_state(c, CONNECTION_IDLE);
        } else {
                exchange_body_end(x, c->body.n > 0 ? buffer_slice(&c->body) : c->direct);
                drop_body(c);
                if (x->state == EXCHANGE_ENDED)
                        connection_settle(c);
                else if (c->state != CONNECTION_CLOSING && c->state != CONNECTION_SERVING)
                        connection_set_state(c, CONNECTION_SERVING);
        }
        release_input(c);
}

// A request continues after these bytes: keeps what is needed of them before the read buffer is wiped.
static void on_more(struct connection *c, size_t n)
{
        struct exchange *x = &c->exchange;
        if (!http_parser_is_inside(c->parser))
                return;
        if (x->state == EXCHANGE_NONE && !c->is_in_body)
                c->head_n += n;
        if (x->state == EXCHANGE_COLLECTING) {
                exchange_move_head(x, http_parser_head(c->parser));
                if (hold(c) < 0) {
                        refuse_memory(c);
                        return;
                }
        }
        if (c->state == CONNECTION_IDLE)
                connection_set_state(c, CONNECTION_READING);
        (void)charge_input(c); // refused: the exchange has ended
}

// Parses until the input ends, an answer has to wait, or this connection's turn is over; returns the rest.
static struct slice parse(struct connection *c, struct slice bytes)
{
        unsigned requests = 0;
        while (may_parse(c)) {
                size_t n = bytes.n;
                enum http_event event = http_parser_next(c->parser, &bytes);
                if (event == HTTP_HEAD_DONE) {
                        on_head(c, bytes.n == 0);
                } else if (event == HTTP_BODY_PIECE) {
                        on_body(c, http_parser_body(c->parser));
                } else if (event == HTTP_END) {
                        on_whole(c);
                        if (bytes.n == 0 || turns_is_over(c, ++requests))
                                break;
                } else {
                        if (event == HTTP_MORE)
                                on_more(c, n);
                        else
                                refuse_input(c, event);
                        break;
                }
        }
        return bytes;
}

// --- reading ---

static void set_aside(struct connection *c, struct slice bytes)
{
        if (buffer_put(&c->pending, bytes) < 0) {
                connection_close(c);
                return;
        }
        stream_pause(&c->stream);
        if (charge_input(c) && may_parse(c))
                turns_queue(c);
}

static bool on_buffer(struct stream *stream, uint8_t **ret_p, size_t *ret_n)
{
        struct connection *c = connection_of_stream(stream);
        if (turns_has_user_spent(c)) {
                turns_queue(c);
                return false;
        }
        turns_begin(c->server); // reading is part of the work
        *ret_p = c->server->read_buffer;
        *ret_n = READ_SIZE;
        return true;
}

static void on_bytes(struct stream *stream, uint8_t *p, size_t n)
{
        enum { LARGE = 4096 }; // costs time even without an answer
        struct connection *c = connection_of_stream(stream);
        struct slice rest = parse(c, slice_of(p, n));
        if (rest.n > 0 && c->state != CONNECTION_LINGERING && c->state != CONNECTION_CLOSING)
                set_aside(c, rest);
        explicit_bzero(p, n);
        turns_end(c, n < LARGE);
}

static void on_end(struct stream *stream)
{
        struct connection *c = connection_of_stream(stream);
        bool is_owed = c->state == CONNECTION_SERVING || c->state == CONNECTION_WRITING;
        c->is_at_end = true;
        if (!is_owed || c->is_in_body || stream_has_hung_up(stream))
                connection_close(c);
        turns_end(c, false);
}

static void read_on(struct connection *c)
{
        if (c->is_at_end) {
                if (c->state == CONNECTION_IDLE || c->state == CONNECTION_READING)
                        connection_close(c);
        } else if (stream_resume(&c->stream) < 0) {
                connection_close(c);
        }
}

static void parse_pending(struct connection *c)
{
        struct slice all = buffer_slice(&c->pending);
        struct slice rest = parse(c, all);
        if (c->state == CONNECTION_CLOSING)
                return;
        if (rest.n == 0 || c->state == CONNECTION_LINGERING)
                buffer_free(&c->pending);
        else
                buffer_consume(&c->pending, all.n - rest.n);
        release_input(c);
        if (c->pending.n > 0 && may_parse(c))
                turns_queue(c);
}

void connection_take_turn(struct connection *c)
{
        turns_begin(c->server);
        if (c->calls_drain && stream_unsent(&c->stream) == 0) {
                c->calls_drain = false;
                exchange_drain(&c->exchange);
                connection_settle(c);
        }
        if (c->pending.n > 0 && may_parse(c))
                parse_pending(c);
        if (c->pending.n == 0 && c->state != CONNECTION_CLOSING)
                read_on(c);
}

static void on_drained(struct stream *stream)
{
        struct connection *c = connection_of_stream(stream);
        if (c->state == CONNECTION_CLOSING)
                return;
        account_lower(&c->account, USER_OUTPUT, 0);
        if (c->state == CONNECTION_WRITING)
                connection_after_answer(c);
        if (c->state != CONNECTION_CLOSING && (c->pending.n > 0 || c->calls_drain || c->is_at_end))
                turns_queue(c);
}

static void on_broken(struct stream *stream)
{
        connection_close(connection_of_stream(stream));
}

const struct stream_ops connection_stream_ops = {.buffer = on_buffer,
                                                 .read = on_bytes,
                                                 .end = on_end,
                                                 .drained = on_drained,
                                                 .broken = on_broken,
                                                 .closed = connection_on_stream_closed};
