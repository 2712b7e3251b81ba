// SPDX-License-Identifier: Apache-2.0
// Whole HTTP/1.1 messages with a limit on their bodies, for callers that need the whole body.
#ifndef PROTO_WIRE_HTTP_WHOLE_H
#define PROTO_WIRE_HTTP_WHOLE_H

#include "proto/mem/must_check.h"
#include "proto/wire/http.h"

struct http_message {
        const struct http_head *head;
        struct slice body; // chunks joined; trailers are skipped
};

struct http_whole; // opaque

// `body_max`: larger bodies give HTTP_BODY_TOO_LARGE. NULL: out of memory.
MUST_CHECK struct http_whole *http_whole_new(enum http_side side, size_t body_max);
void http_whole_free(struct http_whole *whole); // wipes what it holds

// Reads from `bytes`, the newly received ones, and removes the consumed bytes from them. HTTP_MORE: all are consumed,
// and the message is incomplete. HTTP_EXPECTS: the head is complete and the peer waits for "100 Continue"; continue
// after sending it (at most once for each message). HTTP_END: http_whole_message() is valid until the next call, which
// begins a new message. Else a failure, which is permanent. A message that comes in one call is not copied: its slices
// point into `bytes`.
MUST_CHECK enum http_event http_whole_next(struct http_whole *whole, struct slice *bytes);

const struct http_message *http_whole_message(const struct http_whole *whole);

// After HTTP_END, while the caller's bytes are still valid: makes the message independent of them. 0, or -1: out of
// memory.
MUST_CHECK int http_whole_keep(struct http_whole *whole);

// True while a message has begun and is incomplete.
bool http_whole_is_inside(const struct http_whole *whole);

#endif
