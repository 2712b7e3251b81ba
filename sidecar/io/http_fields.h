// SPDX-License-Identifier: Apache-2.0
// The header or trailer fields of an answer, collected line by line.
#ifndef SIDECAR_IO_HTTP_FIELDS_H
#define SIDECAR_IO_HTTP_FIELDS_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

enum {
        HTTP_FIELDS_MAX = 128 // lines
};

struct http_field {
        struct slice name, value;
};

struct http_fields {
        struct buffer bytes; // name, NUL, value, NUL, again and again
        size_t count;
        bool is_too_large; // more lines than HTTP_FIELDS_MAX, or more bytes than the limit
};

// Up to `max` bytes. Allocates nothing.
void http_fields_init(struct http_fields *fields, size_t max);

// Wipes and releases.
void http_fields_free(struct http_fields *fields);

// Wipes; the memory stays for the next lines.
void http_fields_reset(struct http_fields *fields);

// Adds "Name: value" (a line end is left out, the name is stored in lower case); lines of another form are ignored.
// 0, or -1: too large, or out of memory (bytes.no_memory).
MUST_CHECK int http_fields_add(struct http_fields *fields, struct slice line);

// Fills `ret`, an array of HTTP_FIELDS_MAX; it borrows from `fields`. Returns how many there are.
size_t http_fields_list(const struct http_fields *fields, struct http_field *ret);

#endif
