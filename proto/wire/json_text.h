// SPDX-License-Identifier: Apache-2.0
// The inside of JSON's scalars (RFC 8259, sections 6 and 7): pure functions over the text of one token.
#ifndef PROTO_WIRE_JSON_TEXT_H
#define PROTO_WIRE_JSON_TEXT_H

#include "proto/mem/slice.h"

// How many bytes from the start on are neither a control byte nor a quote nor a backslash.
size_t json_text_plain(struct slice s);

// Whether a whole document is short and nothing but ASCII without control bytes and backslashes: then all that stands
// between two quotes is a string as it is. Says how many quotes and opening brackets there are, in strings too.
bool json_text_is_simple(struct slice s, size_t *ret_quotes, size_t *ret_openings);

// Whether the text between two quotes is one string's: no control bytes, only JSON's escapes, whole surrogate pairs,
// no NUL. UTF-8 is not looked at. Returns NULL, or a static text and the place in *ret_offset. *ret_escaped says
// whether there is any escape.
const char *json_text_check_string(struct slice s, bool *ret_escaped, size_t *ret_offset);

// Whether the whole slice is a number.
bool json_text_is_number(struct slice s);

// Writes the decoded form of a checked string's text to `out`, which holds s.n bytes; returns its length.
size_t json_text_decode(struct slice s, uint8_t *out);

// Orders two checked strings' texts by their decoded bytes: <0, 0, >0. `escaped` as json_text_check_string() said.
int json_text_compare(struct slice a, bool a_escaped, struct slice b, bool b_escaped);

// Whether a checked string's text, decoded, is `bytes`.
bool json_text_equals(struct slice s, struct slice bytes);

#endif
