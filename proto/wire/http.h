// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 messages both ways, on llhttp in strict mode: bytes in, struct out, no I/O. One parser serves one
// connection, message after message (keep-alive, pipelining).
#ifndef PROTO_WIRE_HTTP_H
#define PROTO_WIRE_HTTP_H

#include "proto/mem/buffer.h"
#include "proto/wire/limits.h"

enum http_side { HTTP_REQUESTS, HTTP_RESPONSES };
enum http_parse {
        HTTP_MORE,           // not whole yet
        HTTP_EXPECTS,        // the head is whole and says "Expect: 100-continue"; parse on after answering (once)
        HTTP_DONE,           // http_message() is valid until the next http_parser_* call
        HTTP_BAD,            // not HTTP/1.x, or Content-Length together with Transfer-Encoding: answer 400, close
        HTTP_HEAD_TOO_LARGE, // answer 431, close
        HTTP_BODY_TOO_LARGE, // answer 413, close
        HTTP_NO_MEMORY       // nothing is wrong with the message: answer 500, close
};

struct http_header {
        struct slice name, value;
};

struct http_message {
        // of a request
        struct slice method;
        struct slice target; // as on the request line
        // of a response
        int status;

        struct http_header headers[LIMIT_HTTP_HEADERS_N];
        size_t headers_count;
        struct slice body; // chunks joined
        bool keep_alive;   // by version and Connection
        bool is_1_0;       // HTTP/1.0: an answer that keeps the connection has to say so
        bool expects_continue;
};

struct http_parser; // opaque

// `body_max`: larger bodies give HTTP_BODY_TOO_LARGE. NULL: out of memory.
struct http_parser *http_parser_new(enum http_side side, size_t body_max);
void http_parser_free(struct http_parser *parser); // wipes what it holds

// Parses from `bytes`, the newly received ones; says how many it took. With HTTP_DONE the rest belongs to the next
// message and is to be given again. A message that is whole in one call is not copied: its slices point into `bytes`.
// After HTTP_DONE the next call begins a new message.
enum http_parse http_parser_feed(struct http_parser *parser, struct slice bytes, size_t *ret_taken);

// A response without length ends with the connection: HTTP_DONE if that made it whole, else HTTP_BAD.
enum http_parse http_parser_finish(struct http_parser *parser);

const struct http_message *http_message(const struct http_parser *parser);

// After HTTP_DONE, while the bytes given are still there: makes the message independent of them, for an answer that
// comes later. 0, or -1: out of memory.
int http_parser_keep(struct http_parser *parser);

// True while a message has begun and is not whole.
bool http_parser_is_inside(const struct http_parser *parser);

// The value of the first header of that name (any case), or the empty slice.
struct slice http_message_header(const struct http_message *message, struct slice name);

#endif
