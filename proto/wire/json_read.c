// SPDX-License-Identifier: Apache-2.0
// First json_check.c checks the text and its depth: jsmn accepts much that is not JSON, and at every closing bracket
// walks from the last token to the open one. Then jsmn finds the tokens, and this file links them to a tree.
#include "proto/wire/json_read.h"

#include <limits.h>
#include <stdlib.h>

#define JSMN_STATIC
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "proto/wire/json_check.h"
#include "proto/wire/json_node.h"
#include "proto/wire/limits.h"

enum {
        FIRST_NODES = 64,
        KEPT_NODES = 16 * 1024 // more nodes than this are freed before the next document
};

// jsmn fills the nodes as an array of its own tokens.
_Static_assert(sizeof(struct json_node) == sizeof(jsmntok_t), "node layout");
_Static_assert(offsetof(struct json_node, start) == offsetof(jsmntok_t, start), "node layout");
_Static_assert(offsetof(struct json_node, end) == offsetof(jsmntok_t, end), "node layout");
_Static_assert(offsetof(struct json_node, size) == offsetof(jsmntok_t, size), "node layout");
_Static_assert(offsetof(struct json_node, next) == offsetof(jsmntok_t, parent), "node layout");
_Static_assert((int)NODE_OBJECT == (int)JSMN_OBJECT && (int)NODE_ARRAY == (int)JSMN_ARRAY &&
                   (int)NODE_STRING == (int)JSMN_STRING && (int)NODE_SCALAR == (int)JSMN_PRIMITIVE,
               "node types");

void json_doc_init(struct json_doc *doc)
{
        doc->text = slice_of(NULL, 0);
        doc->nodes = NULL;
        doc->count = 0;
        doc->capacity = 0;
        doc->keeps_duplicates = false;
}

void json_doc_free(struct json_doc *doc)
{
        free(doc->nodes);
        json_doc_init(doc);
}

static int fail(struct json_fault *fault, size_t offset, const char *what)
{
        *fault = (struct json_fault){.offset = offset, .what = what};
        return -1;
}

static int grow(struct json_doc *doc, size_t offset, struct json_fault *fault)
{
        size_t capacity = doc->capacity == 0 ? FIRST_NODES : 2 * doc->capacity;
        if (capacity > LIMIT_JSON_NODES_N)
                return fail(fault, offset, "too many values");
        struct json_node *nodes = realloc(doc->nodes, capacity * sizeof(*nodes));
        if (!nodes) {
                *fault = (struct json_fault){.offset = offset, .what = "out of memory", .no_memory = true};
                return -1;
        }
        doc->nodes = nodes;
        doc->capacity = capacity;
        return 0;
}

static int tokenize(struct json_doc *doc, struct json_fault *fault)
{
        jsmn_parser parser;
        jsmn_init(&parser);
        for (;;) {
                int r = doc->capacity == 0 ? JSMN_ERROR_NOMEM
                                           : jsmn_parse(&parser, (const char *)doc->text.p, doc->text.n,
                                                        (jsmntok_t *)(void *)doc->nodes, (unsigned)doc->capacity);
                if (r >= 0) {
                        doc->count = parser.toknext;
                        return 0;
                }
                if (r != JSMN_ERROR_NOMEM) // impossible: the text is JSON
                        return fail(fault, parser.pos, "unexpected character");
                if (grow(doc, parser.pos, fault) < 0) // jsmn continues where it stopped
                        return -1;
        }
}

struct level {
        size_t node;
        size_t last; // child so far: key or element
};

struct tree {
        struct json_doc *doc;
        bool has_escapes;
        size_t depth;
        struct level levels[LIMIT_JSON_DEPTH_N + 1]; // of the open brackets; room for one that is never pushed
};

// Closes the deepest open bracket. JSON_NONE, or a key that it has twice.
static size_t pop(struct tree *t)
{
        size_t node = t->levels[--t->depth].node;
        bool is_checked = t->doc->nodes[node].type == NODE_OBJECT && !t->doc->keeps_duplicates;
        return is_checked ? json_duplicate_key(t->doc, node) : JSON_NONE;
}

// Adds a token to its parent. JSON_NONE, or a duplicate key of a bracket that ended before it.
static size_t hang(struct tree *t, size_t index, size_t parent)
{
        while (t->levels[t->depth - 1].node != parent) {
                size_t duplicate = pop(t);
                if (duplicate != JSON_NONE)
                        return duplicate;
        }
        struct level *level = &t->levels[t->depth - 1];
        if (level->last != JSON_NONE)
                t->doc->nodes[level->last].next = (int)index;
        level->last = index;
        return JSON_NONE;
}

static size_t link_node(struct tree *t, size_t index)
{
        struct json_node *node = &t->doc->nodes[index];
        int parent = node->next; // as jsmn has set it
        node->next = -1;
        if (node->type == NODE_STRING)
                node->size =
                    t->has_escapes && memchr(t->doc->text.p + node->start, '\\', (size_t)(node->end - node->start));
        bool is_child = parent >= 0 && t->doc->nodes[parent].type != NODE_STRING; // and not the value of a key
        size_t duplicate = is_child ? hang(t, index, (size_t)parent) : JSON_NONE;
        if (node->type == NODE_OBJECT || node->type == NODE_ARRAY)
                t->levels[t->depth++] = (struct level){index, JSON_NONE};
        return duplicate;
}

// Builds the tree from jsmn's tokens, and finds duplicate keys.
static int link_all(struct json_doc *doc, bool has_escapes, struct json_fault *fault)
{
        struct tree t;
        t.doc = doc;
        t.has_escapes = has_escapes;
        t.depth = 0;
        size_t duplicate = JSON_NONE;
        for (size_t i = 0; i < doc->count && duplicate == JSON_NONE; i++)
                duplicate = link_node(&t, i);
        while (t.depth > 0 && duplicate == JSON_NONE)
                duplicate = pop(&t);
        return duplicate == JSON_NONE ? 0 : fail(fault, json_offset(doc, duplicate), "duplicate key");
}

static int parse(struct json_doc *doc, struct json_fault *fault)
{
        struct json_check check;
        if (doc->text.n >= INT_MAX)
                return fail(fault, 0, "document too large");
        const char *what = json_check(doc->text, &check);
        if (what)
                return fail(fault, check.offset, what);
        return tokenize(doc, fault) < 0 ? -1 : link_all(doc, check.has_escapes, fault);
}

int json_parse(struct json_doc *doc, struct slice text, struct json_fault *fault)
{
        bool keeps_duplicates = doc->keeps_duplicates;
        if (doc->capacity > KEPT_NODES && text.n < KEPT_NODES)
                json_doc_free(doc);
        doc->keeps_duplicates = keeps_duplicates;
        doc->text = text;
        doc->count = 0;
        fault->no_memory = false;
        if (parse(doc, fault) == 0)
                return 0;
        doc->count = 0;
        json_fault_place(text, fault);
        return -1;
}
