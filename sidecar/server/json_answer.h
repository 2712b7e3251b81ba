// SPDX-License-Identifier: Apache-2.0
// Answers whose body is JSON, made in the server's scratch.
#ifndef SIDECAR_SERVER_JSON_ANSWER_H
#define SIDECAR_SERVER_JSON_ANSWER_H

#include "proto/mem/buffer.h"

struct exchange;

// The scratch for a body, empty.
struct buffer *json_answer_body(struct exchange *x);

// Answers with what is in it, a newline, and status 200; the second ends an object before that.
void json_answer_send(struct exchange *x);
void json_answer_send_object(struct exchange *x);

// For an answer that has to be fast: the head is written before the body, and all goes out in one piece. The JSON
// writer, which reads what stands before, cannot fill this buffer.
struct buffer *json_answer_fast_body(struct exchange *x);
void json_answer_send_fast(struct exchange *x);

#endif
