// SPDX-License-Identifier: Apache-2.0
// The inside of JSON's scalars (RFC 8259, sections 6 and 7): pure functions over the text of one token.
#ifndef PROTO_WIRE_JSON_TEXT_H
#define PROTO_WIRE_JSON_TEXT_H

#include "proto/mem/slice.h"

// Checks a string from behind its opening quote: no control bytes, only JSON's escapes, whole surrogate pairs, no NUL,
// valid UTF-8. *ret_n: where its closing quote or the fault is. NULL, or what is wrong, a static text. Sets
// *ret_escaped where there is any escape.
const char *json_text_check_string(struct slice s, size_t *ret_n, bool *ret_escaped);

// Whether the whole slice is a number.
bool json_text_is_number(struct slice s);

// Writes the decoded form of a checked string's text to `out`, which holds s.n bytes; returns its length.
size_t json_text_decode(struct slice s, uint8_t *out);

// Orders two texts by their decoded bytes: <0, 0, >0. One that is not `escaped` stands for itself, backslashes and all.
int json_text_compare(struct slice a, bool a_escaped, struct slice b, bool b_escaped);

#endif
