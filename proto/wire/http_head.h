// SPDX-License-Identifier: Apache-2.0
// The parts of a message's head, as offsets from its first byte, and the conversion to slices. Belongs to
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

struct http_spans {
        bool is_request;
        struct http_span target;
        struct http_line lines[LIMIT_HTTP_HEADERS_N];
        size_t lines_count;
};

// Begins a span, or adds the piece that directly follows it. False: there is a gap between them.
MUST_CHECK bool http_span_add(struct http_span *s, uint32_t at, size_t n);

// Points the slices of *head (whose is_1_0 is set) into `bytes`, which are the whole head and nothing more, and checks
// its form. False: malformed.
MUST_CHECK bool http_spans_resolve(const struct http_spans *spans, struct slice bytes, struct http_head *head);

#endif
