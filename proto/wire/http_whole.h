// SPDX-License-Identifier: Apache-2.0
// Whole HTTP/1.1 messages with a limit on their bodies, for those who do not read a body as it comes.
#ifndef PROTO_WIRE_HTTP_WHOLE_H
#define PROTO_WIRE_HTTP_WHOLE_H

#include "proto/mem/must_check.h"
#include "proto/wire/http.h"

struct http_message {
        const struct http_head *head;
        struct slice body; // chunks joined; trailers are read over
};

struct http_whole; // opaque

// `body_max`: larger bodies give HTTP_BODY_TOO_LARGE. NULL: out of memory.
MUST_CHECK struct http_whole *http_whole_new(enum http_side side, size_t body_max);
void http_whole_free(struct http_whole *whole); // wipes what it holds

// Reads from `bytes`, the newly received ones, and removes from them what it took. HTTP_MORE: all is taken and the
// message is not whole. HTTP_EXPECTS: the head is whole and the peer waits for "100 Continue"; go on after answering
// (at most once for each message). HTTP_END: http_whole_message() is valid until the next call, which begins a new
// message. Else the failure, which stays. A message that is whole in one call is not copied: its slices point into
// `bytes`.
MUST_CHECK enum http_event http_whole_next(struct http_whole *whole, struct slice *bytes);

const struct http_message *http_whole_message(const struct http_whole *whole);

// After HTTP_END, while the bytes given are still there: makes the message independent of them, for an answer that
// comes later. 0, or -1: out of memory.
MUST_CHECK int http_whole_keep(struct http_whole *whole);

// True while a message has begun and is not whole.
bool http_whole_is_inside(const struct http_whole *whole);

#endif
