// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/reply.h"

#include "proto/wire/http.h"
#include "sidecar/server/connection.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/request.h"
#include "sidecar/server/state.h"

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
        for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
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
        else if (r->message->is_1_0)
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

bool reply_send_ready(struct request *r, int status, struct slice ready)
{
        if (r->is_head || r->connection->end != CONNECTION_KEEP || r->message->is_1_0)
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
