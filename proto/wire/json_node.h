// SPDX-License-Identifier: Apache-2.0
// The inside of a JSON document, shared by the files that implement json_read.h: json_read.c parses, json_keys.c finds
// duplicate keys, json_node.c reads a parsed document.
#ifndef PROTO_WIRE_JSON_NODE_H
#define PROTO_WIRE_JSON_NODE_H

#include "proto/wire/json_read.h"

enum { NODE_OBJECT = 1, NODE_ARRAY = 2, NODE_STRING = 3, NODE_SCALAR = 4 };

// A token with jsmn's layout. json_read.c gives the last two members its own meaning.
struct json_node {
        int type;       // NODE_…
        int start, end; // of a string: between its quotes
        int size;       // children (keys or elements); of a string: whether it has escapes
        int next;       // sibling, -1: none
};

static inline struct slice json_node_text(const struct json_doc *doc, const struct json_node *node)
{
        return slice_of(doc->text.p + node->start, (size_t)(node->end - node->start));
}

// Fills in line and column from the offset.
void json_fault_place(struct slice text, struct json_fault *fault);

#endif
