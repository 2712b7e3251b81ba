// SPDX-License-Identifier: Apache-2.0
// Where the parts of a message's head lie, as offsets from its first byte, and what makes slices of them. Belongs to
// proto/wire/http.c.
#ifndef PROTO_WIRE_HTTP_HEAD_H
#define PROTO_WIRE_HTTP_HEAD_H

#include "proto/wire/http.h"

struct http_span {
        uint32_t at, n;
};

struct http_line {
        struct http_span name, value;
};

struct http_head {
        bool is_request;
        struct http_span target;
        struct http_line lines[LIMIT_HTTP_HEADERS_N];
        size_t lines_count;
};

// Begins a span, or adds the piece that follows it directly. False: there is something between.
bool http_span_add(struct http_span *s, uint32_t at, size_t n);

// Points the slices of *message (whose is_1_0 is set) into `bytes`, which start with the message's first byte and hold
// the whole head, and checks its form. *ret_end: where the last line ends, 0 when nothing points into the head. False:
// malformed.
bool http_head_resolve(const struct http_head *head, struct slice bytes, struct http_message *message, size_t *ret_end);

#endif
