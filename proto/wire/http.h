// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 messages as events, on llhttp in strict mode: the caller gives bytes and pulls events, no I/O. One parser
// serves one connection, message after message (keep-alive, pipelining). proto/wire/http_whole.h collects whole
// messages.
#ifndef PROTO_WIRE_HTTP_H
#define PROTO_WIRE_HTTP_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "proto/wire/limits.h"

enum http_side { HTTP_REQUESTS, HTTP_RESPONSES };

enum http_event {
        HTTP_MORE,           // all bytes are consumed; call again with the next ones
        HTTP_HEAD_DONE,      // http_parser_head()
        HTTP_BODY_PIECE,     // http_parser_body(): the next piece of the body
        HTTP_END,            // the message is complete; http_parser_trailers()
        HTTP_BAD,            // malformed, or Content-Length together with Transfer-Encoding: answer 400, close
        HTTP_HEAD_TOO_LARGE, // also for trailers and chunk extensions: answer 431, close
        HTTP_BODY_TOO_LARGE, // only from http_whole.h: answer 413, close
        HTTP_EXPECTS,        // only from http_whole.h: the peer waits for "100 Continue"
        HTTP_NO_MEMORY       // not the message's fault: answer 500, close
};

enum http_body_kind {
        HTTP_BODY_NONE,    // HTTP_END follows the head
        HTTP_BODY_SIZED,   // content_length bytes, at least one
        HTTP_BODY_CHUNKED, // trailers may follow
        HTTP_BODY_TO_EOF   // of a response: the end of the connection ends it, HTTP_END never comes
};

struct http_header {
        struct slice name, value;
};

struct http_head {
        // of a request
        struct slice method;
        struct slice target; // as on the request line
        // of a response
        int status;

        struct http_header headers[LIMIT_HTTP_HEADERS_N];
        size_t headers_count;
        enum http_body_kind body;
        uint64_t content_length; // with HTTP_BODY_SIZED, else 0
        bool keep_alive;         // by version and Connection
        bool is_1_0;             // HTTP/1.0: an answer that keeps the connection has to say so
        bool expects_continue;   // a body follows and the peer may wait for "100 Continue" before sending it
};

struct http_parser; // opaque

// NULL: out of memory.
MUST_CHECK struct http_parser *http_parser_new(enum http_side side);
void http_parser_free(struct http_parser *parser); // wipes what it holds

// Reads the next event from `bytes`, the newly received ones, and removes the consumed bytes from them. The caller
// continues with the rest until HTTP_MORE, now or later. Events come in the order HEAD, BODY..., END; after END the
// next message begins. A failure is permanent.
MUST_CHECK enum http_event http_parser_next(struct http_parser *parser, struct slice *bytes);

// Valid from HTTP_HEAD_DONE until the first byte of the next message is passed in. If the head came in one call, its
// slices point into the caller's bytes, until HTTP_MORE or http_parser_keep() moves them to the parser's memory: call
// this function for each use.
const struct http_head *http_parser_head(const struct http_parser *parser);

// After HTTP_HEAD_DONE, while the caller's bytes are still valid: makes the head independent of them. 0, or -1: out of
// memory.
MUST_CHECK int http_parser_keep(struct http_parser *parser);

// After HTTP_BODY_PIECE: at least one byte, within the bytes given.
struct slice http_parser_body(const struct http_parser *parser);

// After HTTP_END, until the next call of http_parser_next(): the trailers after the last chunk. NULL: none.
const struct http_header *http_parser_trailers(const struct http_parser *parser, size_t *ret_count);

// True while a message has begun and HTTP_END was not returned.
bool http_parser_is_inside(const struct http_parser *parser);

// The value of the first header of that name (any case), or the empty slice.
struct slice http_head_get(const struct http_head *head, struct slice name);

#endif
