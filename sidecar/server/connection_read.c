// SPDX-License-Identifier: Apache-2.0
// Input of a connection. All connections read into one buffer of the server, which is wiped after each read; what has
// to outlive the read is copied by the parser or to `pending`.
#include <assert.h>
#include <poll.h>

#include "sidecar/server/connection.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/router.h"
#include "sidecar/server/state.h"

static bool can_parse(const struct connection *c)
{
        return c->state == CONNECTION_IDLE || c->state == CONNECTION_READING;
}

static void begin_request(struct connection *c, const struct http_message *message, enum connection_end end)
{
        c->end = end;
        c->request = (struct request){.connection = c,
                                      .server = c->server,
                                      .message = message,
                                      .peer = c->request.peer,
                                      .started_ns = c->server->turn_ns};
        connection_set_state(c, CONNECTION_ANSWERING);
}

static void serve(struct connection *c)
{
        const struct http_message *message = http_whole_message(c->parser);
        bool ends = !message->head->keep_alive || c->server->is_closing;
        begin_request(c, message, ends ? CONNECTION_CLOSE : CONNECTION_KEEP);
        c->request.is_head = slice_eq(message->head->method, SLICE("HEAD"));
        router_handle(&c->request, NULL);
        assert(c->request.is_answered || c->state == CONNECTION_WAITING);
}

void connection_refuse(struct connection *c, enum api_error code, const char *hint, const char *detail)
{
        begin_request(c, NULL, CONNECTION_LINGER);
        problem_say(&c->request, code, hint, "%s", detail);
}

static void refuse_input(struct connection *c, enum http_event why)
{
        if (why == HTTP_HEAD_TOO_LARGE)
                connection_refuse(c, API_HEADERS_TOO_LARGE, "send fewer or shorter headers",
                                  "the head of the request is too large");
        else if (why == HTTP_BODY_TOO_LARGE)
                connection_refuse(c, API_BODY_TOO_LARGE, "to sign a large payload, send its hash as payload_sha256",
                                  "the body of the request is too large");
        else if (why == HTTP_NO_MEMORY)
                connection_refuse(c, API_INTERNAL_ERROR, NULL, "out of memory");
        else
                connection_refuse(c, API_INVALID_REQUEST, "the socket speaks HTTP/1.1",
                                  "this is no valid HTTP request");
}

// RFC 9110, 10.1.1: not sent when the body is on its way already.
static void send_continue(struct connection *c)
{
        static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
        uv_buf_t buffer = uv_buf_init(text, sizeof(text) - 1);
        if (uv_try_write((uv_stream_t *)&c->pipe, &buffer, 1) != (int)buffer.len)
                connection_close(c);
}

// Parses until there is no more, or an answer has to wait; returns what is left.
static struct slice parse(struct connection *c, struct slice bytes)
{
        while (bytes.n > 0 && can_parse(c)) {
                enum http_event result = http_whole_next(c->parser, &bytes);
                if (result == HTTP_END) {
                        serve(c);
                } else if (result == HTTP_MORE || result == HTTP_EXPECTS) {
                        if (c->state == CONNECTION_IDLE && http_whole_is_inside(c->parser))
                                connection_set_state(c, CONNECTION_READING);
                        if (result == HTTP_EXPECTS && bytes.n == 0)
                                send_continue(c);
                } else {
                        refuse_input(c, result);
                }
        }
        return bytes;
}

static void set_aside(struct connection *c, struct slice bytes)
{
        if (buffer_put(&c->pending, bytes) < 0) {
                connection_close(c);
                return;
        }
        if (c->pending.n >= READ_SIZE) {
                (void)uv_read_stop((uv_stream_t *)&c->pipe); // always succeeds
                c->is_paused = true;
        }
}

static void take(struct connection *c, struct slice bytes)
{
        if (c->pending.n == 0)
                bytes = parse(c, bytes);
        if (bytes.n > 0 && c->state != CONNECTION_LINGERING && c->state != CONNECTION_CLOSING)
                set_aside(c, bytes);
}

// Closed for both directions, not only for the peer's own.
static bool has_peer_left(const struct connection *c)
{
        struct pollfd p = {0};
        return uv_fileno((const uv_handle_t *)&c->pipe, &p.fd) == 0 && poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
}

static void on_end(struct connection *c)
{
        c->is_at_end = true;
        bool owes_an_answer = c->state == CONNECTION_WAITING || c->state == CONNECTION_WRITING;
        if (!owes_an_answer || has_peer_left(c))
                connection_close(c);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
        const struct connection *c = handle->data;
        (void)suggested;
        *ret = uv_buf_init((char *)c->server->read_buffer, (unsigned)READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
        struct connection *c = stream->data;
        if (n > 0) {
                c->server->turn_ns = uv_hrtime();
                take(c, slice_of(buffer->base, (size_t)n));
                explicit_bzero(buffer->base, (size_t)n);
        } else if (n == UV_EOF) {
                on_end(c);
        } else if (n < 0) {
                connection_close(c);
        }
}

int connection_start_reading(struct connection *c)
{
        c->is_paused = false;
        return uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
}

void connection_resume(struct connection *c)
{
        if (c->pending.n > 0 && can_parse(c)) {
                struct slice all = buffer_slice(&c->pending);
                c->server->turn_ns = uv_hrtime();
                struct slice rest = parse(c, all);
                buffer_consume(&c->pending, all.n - rest.n);
        }
        if (c->state == CONNECTION_CLOSING)
                return;
        if (c->pending.n == 0 || c->state == CONNECTION_LINGERING)
                buffer_free(&c->pending);
        bool starts = c->is_paused && c->pending.n < READ_SIZE;
        if ((starts && connection_start_reading(c) < 0) || (c->is_at_end && can_parse(c)))
                connection_close(c);
}
