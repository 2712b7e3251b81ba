// SPDX-License-Identifier: Apache-2.0
// Answers whose body is JSON, made in the server's scratch.
#ifndef SIDECAR_SERVER_JSON_ANSWER_H
#define SIDECAR_SERVER_JSON_ANSWER_H

#include "proto/mem/buffer.h"

struct exchange;

// The scratch for a body, empty.
struct buffer *json_answer_body(struct exchange *x);

// Answers with the content of the scratch, a newline, and status 200; the second first ends an object.
void json_answer_send(struct exchange *x);
void json_answer_send_object(struct exchange *x);

// A member with a time; null for none (0) and for never.
void json_answer_put_time(struct buffer *b, const char *key, int64_t time_s);

// For fast answers: leaves space for the head before the body, so that both are one piece. Do not use the JSON writer
// with it, which would read that space as an earlier element.
struct buffer *json_answer_fast_body(struct exchange *x);
void json_answer_send_fast(struct exchange *x);

#endif
