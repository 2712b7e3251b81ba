// SPDX-License-Identifier: Apache-2.0
// Answers: status line, headers, body.
#ifndef SIDECAR_SERVER_REPLY_H
#define SIDECAR_SERVER_REPLY_H

#include "proto/mem/buffer.h"

struct request;

struct reply {
        int status;
        const char *content_type; // NULL: there is no body, nor a Content-Length
        const char *headers;      // further header lines, each with CR LF; NULL: none
        struct slice body;
};

void reply_send(struct request *r, const struct reply *reply);

// Sends a rendered answer, head and body, as it is. False: this request needs another head (the connection ends,
// HTTP/1.0, HEAD), and nothing was sent.
bool reply_send_ready(struct request *r, int status, struct slice ready);

// The scratch buffer for a body, empty.
struct buffer *reply_body(struct request *r);

// Sends what is in that buffer as JSON, with status 200. Too large: 500.
void reply_send_json(struct request *r);

// The same for an answer that has to be fast: the head is written into room before the body, and one piece is sent.
// The buffer is filled up to that room; the JSON writer, which looks at what stands before, is not for it.
struct buffer *reply_body_behind_head(struct request *r);
void reply_send_json_behind_head(struct request *r);

#endif
