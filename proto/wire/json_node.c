// SPDX-License-Identifier: Apache-2.0
// Access to a parsed document. Passing an index that the document does not have is a bug.
#include "proto/wire/json_node.h"

#include <assert.h>
#include <errno.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/json_text.h"

static const struct json_node *at(const struct json_doc *doc, size_t node)
{
        assert(node < doc->count);
        return &doc->nodes[node];
}

void json_fault_place(struct slice text, struct json_fault *fault)
{
        struct slice before = slice_head(text, fault->offset);
        fault->line = 1;
        for (size_t eol; (eol = slice_find(before, '\n')) < before.n; before = slice_from(before, eol + 1))
                fault->line++;
        fault->column = (unsigned)before.n + 1;
}

enum json_kind json_kind(const struct json_doc *doc, size_t node)
{
        const struct json_node *n = at(doc, node);
        switch (n->type) {
        case NODE_OBJECT:
                return JSON_OBJECT;
        case NODE_ARRAY:
                return JSON_ARRAY;
        case NODE_STRING:
                return JSON_STRING;
        default:
                break;
        }
        uint8_t first = doc->text.p[n->start];
        return first == 't' ? JSON_TRUE : first == 'f' ? JSON_FALSE : first == 'n' ? JSON_NULL : JSON_NUMBER;
}

const char *json_kind_name(enum json_kind kind)
{
        static const char *const names[] = {
            [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
            [JSON_NUMBER] = "a number",  [JSON_TRUE] = "true",      [JSON_FALSE] = "false",
            [JSON_NULL] = "null",
        };
        _Static_assert(LENGTH(names) == JSON_NULL + 1, "name every enum json_kind");
        return names[kind];
}

size_t json_offset(const struct json_doc *doc, size_t node)
{
        const struct json_node *n = at(doc, node);
        return (size_t)n->start - (n->type == NODE_STRING ? 1 : 0);
}

void json_locate(const struct json_doc *doc, size_t node, struct json_fault *ret)
{
        *ret = (struct json_fault){.offset = json_offset(doc, node), .what = ""};
        json_fault_place(doc->text, ret);
}

size_t json_first(const struct json_doc *doc, size_t node)
{
        const struct json_node *n = at(doc, node);
        bool has_children = (n->type == NODE_OBJECT || n->type == NODE_ARRAY) && n->size > 0;
        return has_children ? node + 1 : JSON_NONE;
}

size_t json_next(const struct json_doc *doc, size_t node)
{
        int sibling = at(doc, node)->next;
        return sibling < 0 ? JSON_NONE : (size_t)sibling;
}

size_t json_value(const struct json_doc *doc, size_t key)
{
        assert(key + 1 < doc->count);
        return key + 1;
}

size_t json_length(const struct json_doc *doc, size_t node)
{
        const struct json_node *n = at(doc, node);
        return n->type == NODE_OBJECT || n->type == NODE_ARRAY ? (size_t)n->size : 0;
}

size_t json_get(const struct json_doc *doc, size_t node, struct slice key)
{
        if (node >= doc->count || json_kind(doc, node) != JSON_OBJECT)
                return JSON_NONE;
        for (size_t k = json_first(doc, node); k != JSON_NONE; k = json_next(doc, k))
                if (json_string_is(doc, k, key))
                        return json_value(doc, k);
        return JSON_NONE;
}

struct slice json_raw(const struct json_doc *doc, size_t node)
{
        return json_node_text(doc, at(doc, node));
}

bool json_has_escapes(const struct json_doc *doc, size_t node)
{
        const struct json_node *n = at(doc, node);
        return n->type == NODE_STRING && n->size != 0;
}

int json_string(const struct json_doc *doc, size_t node, struct buffer *out)
{
        struct slice raw = json_raw(doc, node);
        if (json_kind(doc, node) != JSON_STRING)
                return -EINVAL;
        if (!json_has_escapes(doc, node))
                return buffer_put(out, raw) < 0 ? -ENOBUFS : 0;
        uint8_t *to = buffer_reserve(out, raw.n);
        if (!to)
                return -ENOBUFS;
        buffer_commit(out, json_text_decode(raw, to));
        return 0;
}

bool json_string_is(const struct json_doc *doc, size_t node, struct slice text)
{
        if (json_kind(doc, node) != JSON_STRING)
                return false;
        struct slice raw = json_raw(doc, node);
        if (!json_has_escapes(doc, node))
                return slice_eq(raw, text);
        return json_text_compare(raw, true, text, false) == 0;
}

int json_integer(const struct json_doc *doc, size_t node, int64_t *ret)
{
        return json_kind(doc, node) == JSON_NUMBER ? text_parse_i64(json_raw(doc, node), ret) : -EINVAL;
}

int json_boolean(const struct json_doc *doc, size_t node, bool *ret)
{
        enum json_kind kind = json_kind(doc, node);
        if (kind != JSON_TRUE && kind != JSON_FALSE)
                return -EINVAL;
        *ret = kind == JSON_TRUE;
        return 0;
}
