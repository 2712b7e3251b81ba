// SPDX-License-Identifier: Apache-2.0
// Reads strict JSON (RFC 8259). The only module that uses jsmn, whose lenient results it checks. Accepts exactly one
// value with only white space around it; refuses duplicate keys (unless they are kept), raw control bytes, invalid
// UTF-8, lone surrogates, "\u0000", numbers that are not JSON's, depth over LIMIT_JSON_DEPTH_N.
//
// A node is an index into the document. An object's children are its keys (strings), each with json_value(); an
// array's are its elements.
#ifndef PROTO_WIRE_JSON_READ_H
#define PROTO_WIRE_JSON_READ_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

enum json_kind { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

#define JSON_NONE ((size_t)-1)
#define JSON_ROOT ((size_t)0)

struct json_node; // opaque: one token

struct json_doc {
        struct slice text;       // borrowed: must outlive the document
        struct json_node *nodes; // owned
        size_t count, capacity;
        bool keeps_duplicates; // of keys: set it after json_doc_init() to find them with json_duplicate_key()
};

struct json_fault {
        size_t offset;    // into the text
        unsigned line;    // from 1
        unsigned column;  // from 1, in bytes
        const char *what; // static text, such as "duplicate key"
        bool no_memory;   // not the text's fault
};

// An empty document; its node memory grows as needed and is reused by the next parse.
void json_doc_init(struct json_doc *doc);
void json_doc_free(struct json_doc *doc);

// Parses `text` (borrowed). 0, or -1 with *fault set.
MUST_CHECK int json_parse(struct json_doc *doc, struct slice text, struct json_fault *fault);

enum json_kind json_kind(const struct json_doc *doc, size_t node);
const char *json_kind_name(enum json_kind kind); // "an object", "a string", "true" …
size_t json_offset(const struct json_doc *doc, size_t node);
void json_locate(const struct json_doc *doc, size_t node, struct json_fault *ret); // line and column of a node

// First child of an object (a key) or array (an element), then the next sibling; JSON_NONE at the end.
size_t json_first(const struct json_doc *doc, size_t node);
size_t json_next(const struct json_doc *doc, size_t node);
// A key that equals an earlier one of the same object, or JSON_NONE. Allocates nothing.
size_t json_duplicate_key(struct json_doc *doc, size_t object);
// Removes a key and its value from its object.
void json_remove_key(struct json_doc *doc, size_t object, size_t key);
// The value of a key node.
size_t json_value(const struct json_doc *doc, size_t key);
// The number of keys or elements.
size_t json_length(const struct json_doc *doc, size_t node);

// The value of `key` in an object, or JSON_NONE (also if `node` is not an object, or JSON_NONE).
size_t json_get(const struct json_doc *doc, size_t node, struct slice key);

// The text of a node as written: a string without its quotes and with its escapes, an object or array with its
// brackets.
struct slice json_raw(const struct json_doc *doc, size_t node);
// True if a string node contains escapes.
bool json_has_escapes(const struct json_doc *doc, size_t node);
// Appends a string's decoded text. 0, -EINVAL if it is not a string, -ENOBUFS.
int json_string(const struct json_doc *doc, size_t node, struct buffer *out);
// Compares the decoded text.
bool json_string_is(const struct json_doc *doc, size_t node, struct slice text);
// A number without fraction and exponent. 0, -EINVAL, -ERANGE.
MUST_CHECK int json_integer(const struct json_doc *doc, size_t node, int64_t *ret);
// true or false. 0, -EINVAL.
MUST_CHECK int json_boolean(const struct json_doc *doc, size_t node, bool *ret);

#endif
