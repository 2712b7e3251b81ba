// SPDX-License-Identifier: Apache-2.0
// The grammar of JSON (RFC 8259), without a tree. Belongs to proto/wire/json_read.c.
#ifndef PROTO_WIRE_JSON_CHECK_H
#define PROTO_WIRE_JSON_CHECK_H

#include "proto/mem/slice.h"

struct json_check {
        size_t offset;    // of the fault
        bool has_escapes; // in any string
};

// Checks that `text` is one JSON value within LIMIT_JSON_DEPTH_N; does not find duplicate keys. NULL, or the fault
// (static text), which is at ret->offset.
const char *json_check(struct slice text, struct json_check *ret);

#endif
