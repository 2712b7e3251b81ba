// SPDX-License-Identifier: Apache-2.0
// The header lines after the last chunk of a body. Belongs to proto/wire/http.c.
#ifndef PROTO_WIRE_HTTP_TRAILERS_H
#define PROTO_WIRE_HTTP_TRAILERS_H

#include "proto/mem/buffer.h"
#include "proto/wire/http.h"

struct http_trailers {
        struct buffer text; // all lines, with the empty one that ends them
        struct http_header *list;
        size_t count;
};

void http_trailers_init(struct http_trailers *trailers);
void http_trailers_reset(struct http_trailers *trailers);
void http_trailers_free(struct http_trailers *trailers);

// Appends what follows the last chunk, in pieces. HTTP_MORE, or the failure.
MUST_CHECK enum http_event http_trailers_add(struct http_trailers *trailers, struct slice piece);

// Reads the lines. HTTP_MORE, or the failure.
MUST_CHECK enum http_event http_trailers_resolve(struct http_trailers *trailers);

#endif
