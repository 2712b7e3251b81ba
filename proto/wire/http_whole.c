// SPDX-License-Identifier: Apache-2.0
// A body in one piece is not copied; one that comes in pieces is collected in `joined`.
#include "proto/wire/http_whole.h"

#include <stdlib.h>

#include "proto/mem/buffer.h"

// Larger buffers are freed between messages.
#define KEEP_SIZE ((size_t)16 * 1024)

struct http_whole {
        struct http_parser *parser;
        size_t body_max;
        enum http_event failure; // HTTP_MORE: none
        struct buffer joined;
        struct http_message message;
};

struct http_whole *http_whole_new(enum http_side side, size_t body_max)
{
        struct http_whole *w = calloc(1, sizeof(*w));
        struct http_parser *parser = w ? http_parser_new(side) : NULL;
        if (!parser) {
                free(w);
                return NULL;
        }
        w->parser = parser;
        w->body_max = body_max;
        w->message.head = http_parser_head(parser);
        buffer_init(&w->joined, body_max);
        return w;
}

void http_whole_free(struct http_whole *w)
{
        if (!w)
                return;
        http_parser_free(w->parser);
        buffer_free(&w->joined);
        free(w);
}

static enum http_event fail(struct http_whole *w, enum http_event why)
{
        w->failure = why;
        return why;
}

static enum http_event begin(struct http_whole *w)
{
        if (w->joined.cap > KEEP_SIZE)
                buffer_free(&w->joined);
        else if (w->joined.n > 0)
                buffer_reset(&w->joined);
        w->message.body = (struct slice){0};
        const struct http_head *head = http_parser_head(w->parser);
        if (head->content_length > w->body_max)
                return fail(w, HTTP_BODY_TOO_LARGE);
        if (!head->expects_continue)
                return HTTP_MORE;
        return http_parser_keep(w->parser) < 0 ? fail(w, HTTP_NO_MEMORY) : HTTP_EXPECTS; // the bytes may go now
}

// Copies a body from the caller's bytes to our memory. Its size was checked, so this fails only without memory.
static int join(struct http_whole *w)
{
        if (w->joined.n == w->message.body.n)
                return 0;
        if (buffer_put(&w->joined, w->message.body) < 0) {
                w->failure = HTTP_NO_MEMORY;
                return -1;
        }
        w->message.body = buffer_slice(&w->joined);
        return 0;
}

static enum http_event add(struct http_whole *w, struct slice piece)
{
        if (piece.n > w->body_max - w->message.body.n)
                return fail(w, HTTP_BODY_TOO_LARGE);
        if (w->message.body.n == 0) {
                w->message.body = piece;
                return HTTP_MORE;
        }
        if (join(w) < 0 || buffer_put(&w->joined, piece) < 0)
                return fail(w, HTTP_NO_MEMORY);
        w->message.body = buffer_slice(&w->joined);
        return HTTP_MORE;
}

enum http_event http_whole_next(struct http_whole *w, struct slice *bytes)
{
        enum http_event event = w->failure;
        while (event == HTTP_MORE) {
                event = http_parser_next(w->parser, bytes);
                if (event == HTTP_MORE)
                        return join(w) < 0 ? w->failure : HTTP_MORE;
                if (event == HTTP_HEAD_DONE)
                        event = begin(w);
                else if (event == HTTP_BODY_PIECE)
                        event = add(w, http_parser_body(w->parser));
        }
        return event;
}

const struct http_message *http_whole_message(const struct http_whole *w)
{
        return &w->message;
}

int http_whole_keep(struct http_whole *w)
{
        return join(w) < 0 || http_parser_keep(w->parser) < 0 ? -1 : 0;
}

bool http_whole_is_inside(const struct http_whole *w)
{
        return http_parser_is_inside(w->parser);
}
