// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/json_path.h"

#include "proto/mem/text.h"

// The child at or around `offset`: the last one that does not begin behind it.
static size_t child_at(const struct json_doc *doc, size_t node, size_t offset, size_t *ret_index)
{
        size_t found = JSON_NONE;
        size_t index = 0;
        for (size_t child = json_first(doc, node); child != JSON_NONE; child = json_next(doc, child)) {
                if (json_offset(doc, child) > offset)
                        break;
                found = child;
                *ret_index = index++;
        }
        return found;
}

static void put_key(struct slice key, struct buffer *out)
{
        if (key.n > 0 && text_is_all_of(key, "_-$")) {
                if (out->n)
                        (void)buffer_put_byte(out, '.');
                (void)buffer_put(out, key);
        } else {
                (void)buffer_put_str(out, "[\"");
                (void)buffer_put(out, key);
                (void)buffer_put_str(out, "\"]");
        }
}

void json_path(const struct json_doc *doc, size_t node, struct buffer *out)
{
        size_t offset = json_offset(doc, node);
        size_t at = JSON_ROOT;
        while (at != node) {
                enum json_kind kind = json_kind(doc, at);
                if (kind != JSON_OBJECT && kind != JSON_ARRAY)
                        return;
                size_t index = 0;
                size_t child = child_at(doc, at, offset, &index);
                if (child == JSON_NONE)
                        return;
                if (kind == JSON_OBJECT) {
                        put_key(json_raw(doc, child), out);
                        if (child == node)
                                return;
                        at = json_value(doc, child);
                } else {
                        (void)buffer_put_byte(out, '[');
                        (void)buffer_put_u64(out, index);
                        (void)buffer_put_byte(out, ']');
                        at = child;
                }
        }
}
