// SPDX-License-Identifier: Apache-2.0
// Members of JSON objects that services and shared files hold.
#ifndef SIDECAR_PROVIDERS_MEMBERS_H
#define SIDECAR_PROVIDERS_MEMBERS_H

#include "proto/mem/buffer.h"
#include "proto/wire/json_read.h"

// What *what points to, here and wherever else an answer or a file is read, when nothing is wrong with it but that
// there is no memory for it. To be compared by address.
extern const char members_no_memory[];

// Parses `text`, which must be one object, into `doc` (initialised), and makes room in `scratch` for every text in it,
// so that slices into `scratch` stay. 0, or -1 with *what, a static text that says what is wrong.
int members_parse(struct json_doc *doc, struct slice text, struct buffer *scratch, const char **what);

// The decoded text of the string `key` in *ret, empty when it is absent or null. 0, or -1: of another type.
int members_text(const struct json_doc *doc, size_t object, struct slice key, struct buffer *scratch,
                 struct slice *ret);

// A point in time (RFC 3339; "UTC" instead of "Z" is what old versions of the AWS CLI wrote) in *ret_s, 0 when it is
// absent. 0, or -1: it cannot be read.
int members_time(const struct json_doc *doc, size_t object, struct slice key, int64_t *ret_s);

// A number of seconds in *ret, 0 when it is absent. 0, or -1: no integer, or negative.
int members_seconds(const struct json_doc *doc, size_t object, struct slice key, int64_t *ret_s);

struct member {
        const char *key;
        struct slice value; // empty: the member is left out
};

// Writes the object `before` (JSON, or empty) with these members in place of those of the same names; all else in it
// stays as it was. 0, or -1: `before` is no object, or the buffer is full.
int members_replace(struct slice before, const struct member *list, size_t count, struct buffer *out);

// The same one level down: within the object that is the member `object` of `before`, and has to be there.
int members_replace_within(struct slice before, struct slice object, const struct member *list, size_t count,
                           struct buffer *out);

#endif
