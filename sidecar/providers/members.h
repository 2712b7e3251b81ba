// SPDX-License-Identifier: Apache-2.0
// Members of JSON objects that services and shared files hold. Errors are ERROR_PROTOCOL with what is wrong with the
// text, or ERROR_INTERNAL when memory ran out.
#ifndef SIDECAR_PROVIDERS_MEMBERS_H
#define SIDECAR_PROVIDERS_MEMBERS_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "proto/wire/json_read.h"
#include "sidecar/base/error.h"

enum member_type {
        MEMBER_TEXT,   // struct slice: a string
        MEMBER_BASE64, // struct slice: the bytes that a string encodes
        MEMBER_TIME,   // int64_t, seconds since 1970: a point in time (timestamp.h)
        MEMBER_NUMBER  // int64_t: a whole number, not negative
};

enum member_need {
        MEMBER_OPTIONAL,    // a value of another type is an error
        MEMBER_INFORMATION, // … counts as absent: nothing depends on it that cannot do without
        MEMBER_NEEDED       // … is an error, and so is none: absent, null, empty or 0
};

// One member to read, and where its value goes.
struct member_rule {
        const char *path; // keys with dots between them; of a list on the way the first element is used
        size_t offset;    // of the value in what is filled
        enum member_type type;
        enum member_need need;
};

// Parses `text`, which must be one object, into `doc` (initialised), and reserves memory in `scratch` for every text in
// it, so that slices into `scratch` stay valid. 0, or -1 with *e.
MUST_CHECK int members_parse(struct json_doc *doc, struct slice text, struct buffer *scratch, struct error *e);

// Reads the members of a parsed document into the struct `ret`, whose fields are empty or 0 beforehand. A rule is
// passed over when its field is filled already: of several names for one field, the first counts. 0, or -1 with *e.
MUST_CHECK int members_take(const struct json_doc *doc, const struct member_rule *rules, size_t count,
                            struct buffer *scratch, void *ret, struct error *e);

// Both in one. `scratch` holds secrets.
MUST_CHECK int members_read(struct slice text, const struct member_rule *rules, size_t count, struct buffer *scratch,
                            void *ret, struct error *e);

// The decoded text of the string `key` in *ret, empty when it is absent or null. 0, or -1: of another type.
MUST_CHECK int members_text(const struct json_doc *doc, size_t object, struct slice key, struct buffer *scratch,
                            struct slice *ret);

struct member {
        const char *key;
        struct slice value; // empty: the member is left out
};

// Writes the object `before` (JSON, or empty) with these members in place of those of the same names; all else in it
// stays as it was. 0, or -1: `before` is not an object, or the buffer is full.
MUST_CHECK int members_replace(struct slice before, const struct member *list, size_t count, struct buffer *out);

// The same one level down: within the object that is the member `object` of `before`, and has to be there.
MUST_CHECK int members_replace_within(struct slice before, struct slice object, const struct member *list, size_t count,
                                      struct buffer *out);

#endif
