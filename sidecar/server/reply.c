// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/reply.h"

#include "proto/mem/length.h"
#include "proto/wire/http_whole.h"
#include "sidecar/server/connection.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/request.h"
#include "sidecar/server/state.h"

#define JSON_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
#define JSON_HEAD_END "\r\nCache-Control: no-store\r\n\r\n"

enum { LENGTH_DIGITS = 10, HEAD_CAPACITY = sizeof(JSON_HEAD) + LENGTH_DIGITS + sizeof(JSON_HEAD_END) };

_Static_assert(LIMIT_HTTP_LIST < 1000000000, "a length that has room");

static const char *reason(int status)
{
        static const struct {
                int status;
                const char *text;
        } reasons[] = {
            {200, "OK"},
            {304, "Not Modified"},
            {400, "Bad Request"},
            {403, "Forbidden"},
            {404, "Not Found"},
            {405, "Method Not Allowed"},
            {408, "Request Timeout"},
            {413, "Content Too Large"},
            {415, "Unsupported Media Type"},
            {431, "Request Header Fields Too Large"},
            {500, "Internal Server Error"},
            {502, "Bad Gateway"},
            {503, "Service Unavailable"},
            {504, "Gateway Timeout"},
        };
        for (size_t i = 0; i < LENGTH(reasons); i++)
                if (reasons[i].status == status)
                        return reasons[i].text;
        return "Answer";
}

static void put_head(struct buffer *b, const struct request *r, const struct reply *reply)
{
        (void)buffer_put(b, SLICE("HTTP/1.1 "));
        (void)buffer_put_u64(b, (uint64_t)reply->status);
        (void)buffer_put_byte(b, ' ');
        (void)buffer_put_str(b, reason(reply->status));
        if (reply->content_type) {
                (void)buffer_put(b, SLICE("\r\nContent-Type: "));
                (void)buffer_put_str(b, reply->content_type);
                (void)buffer_put(b, SLICE("\r\nContent-Length: "));
                (void)buffer_put_u64(b, reply->body.n);
        }
        (void)buffer_put(b, SLICE("\r\nCache-Control: no-store\r\n"));
        if (reply->headers)
                (void)buffer_put_str(b, reply->headers);
        if (r->connection->end != CONNECTION_KEEP)
                (void)buffer_put(b, SLICE("Connection: close\r\n"));
        else if (r->message->head->is_1_0)
                (void)buffer_put(b, SLICE("Connection: keep-alive\r\n"));
        (void)buffer_put(b, SLICE("\r\n"));
}

void reply_send(struct request *r, const struct reply *reply)
{
        struct buffer *head = &r->server->head;
        buffer_reset(head);
        put_head(head, r, reply);
        if (head->failed) { // out of memory, or a header line that has no end
                connection_close(r->connection);
                r->is_answered = true;
                return;
        }
        struct slice parts[] = {buffer_slice(head), reply->body};
        bool has_body = reply->body.n > 0 && !r->is_head;
        connection_send(r->connection, reply->status, parts, has_body ? 2 : 1);
}

// Whether its answer has the head that nearly all have.
static bool is_usual(const struct request *r)
{
        return !r->is_head && r->connection->end == CONNECTION_KEEP && !r->message->head->is_1_0;
}

bool reply_send_ready(struct request *r, int status, struct slice ready)
{
        if (!is_usual(r))
                return false;
        connection_send(r->connection, status, &ready, 1);
        return true;
}

struct buffer *reply_body(struct request *r)
{
        struct buffer *b = &r->server->body;
        if (b->cap > LIMIT_HTTP_REPLY) // after a long list
                buffer_free(b);
        else
                buffer_reset(b);
        return b;
}

void reply_send_json(struct request *r)
{
        struct buffer *b = &r->server->body;
        if (b->failed) {
                problem_say(r, API_INTERNAL_ERROR, NULL, "the answer is too large, or memory ran out");
                return;
        }
        reply_send(r, &(struct reply){.status = 200, .content_type = "application/json", .body = buffer_slice(b)});
        buffer_reset(b);
}

struct buffer *reply_body_behind_head(struct request *r)
{
        struct buffer *b = reply_body(r);
        if (buffer_reserve(b, HEAD_CAPACITY))
                buffer_commit(b, HEAD_CAPACITY);
        return b;
}

static uint8_t *put_before(uint8_t *end, struct slice s)
{
        return memcpy(end - s.n, s.p, s.n);
}

// Writes the usual head so that it ends where the body begins; returns where it begins.
static uint8_t *put_head_before(uint8_t *body, size_t n)
{
        uint8_t *p = put_before(body, SLICE(JSON_HEAD_END));
        do {
                *--p = (uint8_t)('0' + n % 10);
                n /= 10;
        } while (n > 0);
        return put_before(p, SLICE(JSON_HEAD));
}

void reply_send_json_behind_head(struct request *r)
{
        struct buffer *b = &r->server->body;
        if (b->failed) {
                problem_say(r, API_INTERNAL_ERROR, NULL, "the answer is too large, or memory ran out");
                return;
        }
        struct slice body = slice_from(buffer_slice(b), HEAD_CAPACITY);
        if (is_usual(r)) {
                const uint8_t *head = put_head_before(b->p + HEAD_CAPACITY, body.n);
                struct slice whole = {head, (size_t)(body.p - head) + body.n};
                connection_send(r->connection, 200, &whole, 1);
        } else {
                reply_send(r, &(struct reply){.status = 200, .content_type = "application/json", .body = body});
        }
        buffer_reset(b);
}
