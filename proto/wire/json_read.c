// SPDX-License-Identifier: Apache-2.0
// jsmn finds the tokens; nothing that it says is trusted. After it, one walk accounts for every byte of the text: it
// is inside a checked token, or it is a bracket, separator or blank where the grammar wants one. Before it, one scan
// bounds the depth, for jsmn climbs from the last token to the open bracket at every closing one.
//
// Most documents are short, ASCII and without escapes. Those are accepted without the scan and without a second look
// into their strings. That way refuses nothing: where it finds a fault, the whole way is gone, which names it.
#include "proto/wire/json_read.h"

#include <limits.h>
#include <stdlib.h>

#define JSMN_STATIC
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "proto/mem/text.h"
#include "proto/wire/json_node.h"
#include "proto/wire/json_text.h"
#include "proto/wire/limits.h"

enum {
        FIRST_NODES = 64,
        KEPT_NODES = 16 * 1024 // more than this is not kept for the next document
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

// Past the string that begins at `i` with its quote; text.n when it does not end.
static size_t skip_string(struct slice text, size_t i)
{
        for (i++; i < text.n; i++) {
                i += json_text_plain(slice_from(text, i));
                if (i < text.n && text.p[i] == '"')
                        return i + 1;
                if (i < text.n && text.p[i] == '\\')
                        i++;
        }
        return text.n;
}

// Where the first byte stands that is not part of a UTF-8 sequence.
static size_t utf8_end(struct slice text)
{
        size_t i = 0;
        while (i < text.n) {
                size_t n = 1;
                while (n <= 4 && n <= text.n - i && !text_is_utf8(slice_of(text.p + i, n)))
                        n++;
                if (n > 4 || n > text.n - i)
                        return i;
                i += n;
        }
        return i;
}

static int scan(struct slice text, struct json_fault *fault)
{
        size_t depth = 0;
        if (text.n >= INT_MAX)
                return fail(fault, 0, "document too large");
        if (!text_is_utf8(text))
                return fail(fault, utf8_end(text), "invalid UTF-8");
        for (size_t i = 0; i < text.n;) {
                uint8_t c = text.p[i];
                if (c == '"') {
                        i = skip_string(text, i);
                        continue;
                }
                if ((c == '{' || c == '[') && ++depth > LIMIT_JSON_DEPTH_N)
                        return fail(fault, i, "nested too deeply");
                if ((c == '}' || c == ']') && depth-- == 0)
                        return fail(fault, i, "unexpected closing bracket");
                if (c < 0x20 && c != '\n' && c != '\r' && c != '\t')
                        return fail(fault, i, "control character");
                i++;
        }
        return 0;
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
                if (r == JSMN_ERROR_PART)
                        return fail(fault, doc->text.n, "unexpected end");
                if (r != JSMN_ERROR_NOMEM)
                        return fail(fault, parser.pos, "unexpected character");
                if (grow(doc, parser.pos, fault) < 0) // jsmn goes on where it stopped
                        return -1;
        }
}

// The walk over the tokens.
struct level {
        size_t node;
        size_t last;      // child, or key
        bool wants_value; // the last key has none yet
};

struct walk {
        struct json_doc *doc;
        struct json_fault *fault;
        bool is_simple; // the text, by json_text_is_simple()
        size_t strings; // of a simple text
        size_t cursor;  // everything before it is accounted for
        size_t depth;
        struct level levels[LIMIT_JSON_DEPTH_N];
};

static size_t skip_blanks(const struct walk *w)
{
        struct slice text = w->doc->text;
        size_t i = w->cursor;
        while (i < text.n && (text.p[i] == ' ' || text.p[i] == '\n' || text.p[i] == '\r' || text.p[i] == '\t'))
                i++;
        return i;
}

static int close_level(struct walk *w)
{
        struct level *level = &w->levels[w->depth - 1];
        struct json_node *node = &w->doc->nodes[level->node];
        bool is_object = node->type == NODE_OBJECT;
        size_t i = skip_blanks(w);
        size_t duplicate = 0;
        if (level->wants_value)
                return fail(w->fault, i, "value expected");
        if (i >= w->doc->text.n || i + 1 != (size_t)node->end || w->doc->text.p[i] != (is_object ? '}' : ']'))
                return fail(w->fault, i, is_object ? "key or \"}\" expected" : "value or \"]\" expected");
        w->cursor = i + 1;
        w->depth--;
        if (is_object && json_has_duplicate_key(w->doc, level->node, &duplicate))
                return fail(w->fault, json_offset(w->doc, duplicate), "duplicate key");
        return 0;
}

// From the cursor to the token that begins at `begin`: blanks, and one separator where the grammar has one.
static int take_separator(struct walk *w, size_t begin)
{
        const struct level *level = w->depth > 0 ? &w->levels[w->depth - 1] : NULL;
        size_t i = skip_blanks(w);
        if (level && (level->wants_value || level->last != JSON_NONE)) {
                uint8_t wanted = level->wants_value ? ':' : ',';
                if (i >= w->doc->text.n || w->doc->text.p[i] != wanted)
                        return fail(w->fault, i, wanted == ':' ? "\":\" expected" : "\",\" expected");
                w->cursor = i + 1;
                i = skip_blanks(w);
        }
        if (i != begin)
                return fail(w->fault, i, "unexpected character");
        w->cursor = begin;
        return 0;
}

// Hangs the node under the open level as key, value of the last key, or element.
static int place_node(struct walk *w, size_t index)
{
        if (w->depth == 0)
                return index == 0 ? 0 : fail(w->fault, w->cursor, "more than one value");
        struct level *level = &w->levels[w->depth - 1];
        if (level->wants_value) {
                level->wants_value = false;
                return 0;
        }
        struct json_node *parent = &w->doc->nodes[level->node];
        if (parent->type == NODE_OBJECT) {
                if (w->doc->nodes[index].type != NODE_STRING)
                        return fail(w->fault, w->cursor, "a key must be a string");
                level->wants_value = true;
        }
        if (level->last != JSON_NONE)
                w->doc->nodes[level->last].next = (int)index;
        level->last = index;
        parent->size++;
        return 0;
}

static int open_level(struct walk *w, size_t index)
{
        const struct json_node *node = &w->doc->nodes[index];
        if (w->depth == LIMIT_JSON_DEPTH_N || w->doc->text.p[w->cursor] != (node->type == NODE_OBJECT ? '{' : '['))
                return fail(w->fault, w->cursor, "unexpected character");
        w->levels[w->depth++] = (struct level){index, JSON_NONE, false};
        w->cursor++;
        return 0;
}

// In a simple text a string is whatever has no quote inside, which check_simple() finds out for all of them at once.
static int take_simple_string(struct walk *w, const struct json_node *node)
{
        const uint8_t *text = w->doc->text.p;
        w->cursor = (size_t)node->end + 1;
        w->strings++;
        return text[node->start - 1] == '"' && text[node->end] == '"' ? 0 : -1;
}

static int take_string(struct walk *w, struct json_node *node)
{
        bool escaped = false;
        size_t offset = 0;
        if (w->is_simple)
                return take_simple_string(w, node);
        w->cursor = (size_t)node->end + 1;
        // Most strings are plain up to their closing quote, which is where this stops.
        size_t start = (size_t)node->start;
        if (json_text_plain(slice_from(w->doc->text, start)) == (size_t)node->end - start)
                return 0;
        const char *what = json_text_check_string(json_node_text(w->doc, node), &escaped, &offset);
        if (what)
                return fail(w->fault, start + offset, what);
        node->size = escaped;
        return 0;
}

static int take_primitive(struct walk *w, const struct json_node *node)
{
        struct slice s = json_node_text(w->doc, node);
        if (!json_text_is_number(s) && !slice_eq(s, SLICE("true")) && !slice_eq(s, SLICE("false")) &&
            !slice_eq(s, SLICE("null")))
                return fail(w->fault, w->cursor, "not a JSON value");
        w->cursor = (size_t)node->end;
        return 0;
}

static int take_token(struct walk *w, size_t index)
{
        struct json_node *node = &w->doc->nodes[index];
        int type = node->type;
        size_t begin = (size_t)node->start - (type == NODE_STRING ? 1 : 0);
        node->next = -1;
        node->size = 0;
        while (w->depth > 0 && (size_t)w->doc->nodes[w->levels[w->depth - 1].node].end <= begin)
                if (close_level(w) < 0)
                        return -1;
        if (take_separator(w, begin) < 0 || place_node(w, index) < 0)
                return -1;
        if (type == NODE_STRING)
                return take_string(w, node);
        if (type == NODE_SCALAR)
                return take_primitive(w, node);
        return open_level(w, index);
}

// Levels are set when they are opened: all of them would be the better part of a kilobyte to clear.
static void walk_init(struct walk *w, struct json_doc *doc, struct json_fault *fault, bool is_simple)
{
        w->doc = doc;
        w->fault = fault;
        w->is_simple = is_simple;
        w->strings = 0;
        w->cursor = 0;
        w->depth = 0;
}

static int walk_all(struct walk *w)
{
        const struct json_doc *doc = w->doc;
        for (size_t i = 0; i < doc->count; i++)
                if (take_token(w, i) < 0)
                        return -1;
        while (w->depth > 0)
                if (close_level(w) < 0)
                        return -1;
        size_t end = skip_blanks(w);
        if (end < doc->text.n)
                return fail(w->fault, end, "unexpected character");
        return doc->count > 0 ? 0 : fail(w->fault, end, "value expected");
}

static int check(struct json_doc *doc, struct json_fault *fault)
{
        struct walk w;
        walk_init(&w, doc, fault, false);
        return walk_all(&w);
}

// Strings lie side by side, each between two quotes: where there are no more quotes than that, none is inside.
static int check_simple(struct json_doc *doc, size_t quotes, struct json_fault *fault)
{
        struct walk w;
        walk_init(&w, doc, fault, true);
        return walk_all(&w) == 0 && quotes == 2 * w.strings ? 0 : -1;
}

// Whether it is a document that needs no closer look. With no more openings than levels nothing is too deep.
static bool parse_simple(struct json_doc *doc, struct json_fault *fault)
{
        size_t quotes, openings;
        return json_text_is_simple(doc->text, &quotes, &openings) && openings <= LIMIT_JSON_DEPTH_N &&
               tokenize(doc, fault) == 0 && check_simple(doc, quotes, fault) == 0;
}

int json_parse(struct json_doc *doc, struct slice text, struct json_fault *fault)
{
        if (doc->capacity > KEPT_NODES && text.n < KEPT_NODES)
                json_doc_free(doc);
        doc->text = text;
        doc->count = 0;
        fault->no_memory = false;
        if (parse_simple(doc, fault))
                return 0;
        doc->count = 0;
        if (!fault->no_memory && scan(text, fault) == 0 && tokenize(doc, fault) == 0 && check(doc, fault) == 0)
                return 0;
        doc->count = 0;
        json_fault_place(text, fault);
        return -1;
}
