// SPDX-License-Identifier: Apache-2.0
// What the answers of AWS's JSON protocols have in common: the frame, texts, and the shape of an error.
#ifndef SIDECAR_PROVIDERS_JSON_ANSWER_H
#define SIDECAR_PROVIDERS_JSON_ANSWER_H

#include "proto/mem/buffer.h"
#include "proto/wire/json_read.h"
#include "sidecar/providers/answer.h"

// Reads the members of an answer's root, an object. 0, or -1 with *what.
typedef int json_answer_root_fn(const struct json_doc *doc, struct buffer *scratch, struct answer *ret,
                                const char **what);

// Parses `body` and hands its root on. 0 with *ret pointing into `scratch` (initialised by the caller with at least the
// size of `body`; it holds secrets), or -1 with *what, a static text that says what is wrong; then nothing of the
// answer may be used.
int json_answer_read(struct slice body, json_answer_root_fn *read_root, struct buffer *scratch, struct answer *ret,
                     const char **what);

// For whoever reads a root (members.h has more): code and message of an error, where the root has them.
void json_answer_error(const struct json_doc *doc, struct buffer *scratch, struct answer *ret);

// The error code from a value of X-Amzn-ErrorType or "__type": without a namespace before "#" and a URL after ":".
struct slice json_answer_code(struct slice type);

#endif
