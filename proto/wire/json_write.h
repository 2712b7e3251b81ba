// SPDX-License-Identifier: Apache-2.0
// Writes JSON to a buffer. The last byte written decides whether a comma is needed, so there is no other state:
// json_begin_object, json_key, json_put_string, …, json_end_object. On failure, the buffer's `failed` is set.
#ifndef PROTO_WIRE_JSON_WRITE_H
#define PROTO_WIRE_JSON_WRITE_H

#include "proto/mem/buffer.h"

void json_begin_object(struct buffer *b);
void json_end_object(struct buffer *b);
void json_begin_array(struct buffer *b);
void json_end_array(struct buffer *b);
void json_key(struct buffer *b, const char *key); // plain ASCII, no escapes needed

// Quotes and escapes; bytes that are not UTF-8 become U+FFFD.
void json_put_string(struct buffer *b, struct slice s);
void json_put_i64(struct buffer *b, int64_t value);
void json_put_bool(struct buffer *b, bool value);
void json_put_null(struct buffer *b);

// Key and value in one.
void json_member(struct buffer *b, const char *key, struct slice value);
void json_member_i64(struct buffer *b, const char *key, int64_t value);
void json_member_bool(struct buffer *b, const char *key, bool value);

#endif
