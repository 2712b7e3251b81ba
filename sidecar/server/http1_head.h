// SPDX-License-Identifier: Apache-2.0
// Status line and headers of an HTTP/1.1 answer.
#ifndef SIDECAR_SERVER_HTTP1_HEAD_H
#define SIDECAR_SERVER_HTTP1_HEAD_H

#include <stdbool.h>

#include "proto/mem/buffer.h"

struct answer;
struct exchange;

// How the client finds the end of the body.
enum http1_framing { HTTP1_LENGTH, HTTP1_CHUNKED, HTTP1_UNSAID };

// `connection`: a header line with its CR LF, or "". On failure, the buffer's `failed` is set.
void http1_head_put(struct buffer *b, const struct exchange *x, const struct answer *a, enum http1_framing framing,
                    const char *connection);

// Writes the head of a usual answer (200, JSON, no further headers) into the HTTP1_HEAD_CAPACITY bytes before the body,
// so that it ends where the body begins. Returns its beginning.
#define HTTP1_JSON_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
#define HTTP1_JSON_HEAD_END "\r\nCache-Control: no-store\r\n\r\n"
enum {
        HTTP1_LENGTH_DIGITS = 10,
        HTTP1_HEAD_CAPACITY = sizeof(HTTP1_JSON_HEAD) + HTTP1_LENGTH_DIGITS + sizeof(HTTP1_JSON_HEAD_END)
};
uint8_t *http1_head_put_before(uint8_t *body, size_t n);

#endif
