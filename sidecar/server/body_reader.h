// SPDX-License-Identifier: Apache-2.0
// Reads the members of a request's body, which is a JSON object. Errors are ERROR_CONFIG and name the member, or
// ERROR_INTERNAL without memory.
#ifndef SIDECAR_SERVER_BODY_READER_H
#define SIDECAR_SERVER_BODY_READER_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

struct buffer;
struct json_doc;

struct body_reader {
        const struct json_doc *doc;
        struct buffer *text; // of strings without their escapes; it does not move
        struct error *e;
};

// Parses `body` into `doc`, and makes room in `text`, which is empty, for the strings of the body and for as many bytes
// again. 0, or -1 with *e.
MUST_CHECK int body_open(struct body_reader *ret, struct slice body, struct json_doc *doc, struct buffer *text,
                         struct error *e);

// The value `node` of the member `name`. A string points into the body or into `text`. 0, or -1 with the error.
MUST_CHECK int body_read_string(const struct body_reader *in, const char *name, size_t node, struct slice *ret);
MUST_CHECK int body_read_integer(const struct body_reader *in, const char *name, size_t node, int64_t min, int64_t max,
                                 int64_t *ret);
// As 2026-09-01T12:00:00Z or 20260901T120000Z.
MUST_CHECK int body_read_time(const struct body_reader *in, const char *name, size_t node, int64_t *ret_s);

// Sets the error that the value is something else than `expected`; that the key is none of `known` and `more`. -1.
int body_refuse(const struct body_reader *in, const char *name, const char *expected, size_t node);
int body_refuse_unknown(const struct body_reader *in, size_t key, const char *known, const char *more);

#endif
