// SPDX-License-Identifier: Apache-2.0
// What the reader accepts can be written again, reads back as the same tree, and is one value: nothing but white
// space may follow it.
#include <assert.h>
#include <stdlib.h>

#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_string(const struct json_doc *doc, size_t node, struct buffer *out)
{
        struct buffer text;
        buffer_init(&text, 1 << 20);
        assert(json_string(doc, node, &text) == 0);
        assert(json_string_is(doc, node, buffer_slice(&text)));
        json_put_string(out, buffer_slice(&text));
        buffer_free(&text);
}

static void write_key(const struct json_doc *doc, size_t node, struct buffer *out)
{
        write_string(doc, node, out);
        assert(buffer_put_byte(out, ':') == 0);
}

// Writes the tree below `node`; the depth is bounded by the reader.
static void write_node(const struct json_doc *doc, size_t node, struct buffer *out) // NOLINT(misc-no-recursion)
{
        size_t children = 0;
        enum json_kind kind = json_kind(doc, node);
        switch (kind) {
        case JSON_OBJECT:
        case JSON_ARRAY:
                (kind == JSON_OBJECT ? json_begin_object : json_begin_array)(out);
                for (size_t child = json_first(doc, node); child != JSON_NONE; child = json_next(doc, child)) {
                        children++;
                        if (kind == JSON_OBJECT)
                                write_key(doc, child, out);
                        write_node(doc, kind == JSON_OBJECT ? json_value(doc, child) : child, out);
                }
                assert(children == json_length(doc, node));
                (kind == JSON_OBJECT ? json_end_object : json_end_array)(out);
                break;
        case JSON_STRING:
                write_string(doc, node, out);
                break;
        case JSON_NUMBER: {
                json_put_null(out); // places the comma
                out->n -= 4;
                assert(buffer_put(out, json_raw(doc, node)) == 0);
                break;
        }
        case JSON_TRUE:
        case JSON_FALSE:
                json_put_bool(out, kind == JSON_TRUE);
                break;
        default:
                json_put_null(out);
                break;
        }
}

static void check_tail(struct slice text)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer longer;
        json_doc_init(&doc);
        buffer_init(&longer, text.n + 8);
        assert(buffer_put(&longer, text) == 0 && buffer_put_byte(&longer, '\n') == 0);
        assert(json_parse(&doc, buffer_slice(&longer), &fault) == 0);
        assert(buffer_put_byte(&longer, '0') == 0);
        assert(json_parse(&doc, buffer_slice(&longer), &fault) < 0);
        assert(fault.what && fault.line > 0 && fault.column > 0 && fault.offset <= longer.n);
        buffer_free(&longer);
        json_doc_free(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct json_doc doc;
        struct json_fault fault;
        if (size > 64 * 1024)
                return 0;
        json_doc_init(&doc);
        if (json_parse(&doc, slice_of(data, size), &fault) == 0) {
                struct json_doc again;
                struct buffer first;
                struct buffer second;
                json_doc_init(&again);
                buffer_init(&first, 1 << 20);
                buffer_init(&second, 1 << 20);
                write_node(&doc, JSON_ROOT, &first);
                assert(!first.failed);
                assert(json_parse(&again, buffer_slice(&first), &fault) == 0);
                assert(again.count == doc.count);
                write_node(&again, JSON_ROOT, &second);
                assert(slice_eq(buffer_slice(&first), buffer_slice(&second)));
                check_tail(slice_of(data, size));
                buffer_free(&second);
                buffer_free(&first);
                json_doc_free(&again);
        } else {
                assert(fault.what && fault.line > 0 && fault.column > 0 && fault.offset <= size && doc.count == 0);
        }
        json_doc_free(&doc);
        return 0;
}
