// SPDX-License-Identifier: Apache-2.0
// The same for all events, so that those of a newer agent are shown, too.
#include "clients/cli/event_line.h"

#include "proto/mem/text.h"
#include "proto/wire/json_read.h"

enum { TIME_COLUMNS = 20, NAME_COLUMNS = 15 };

// Appends a string member and, up to `columns`, blanks. False: it is not there.
static bool put_member(const struct json_doc *doc, const char *key, size_t columns, struct buffer *out)
{
        size_t start = out->n;
        size_t node = json_get(doc, JSON_ROOT, slice_str(key));
        bool is_there = node != JSON_NONE && json_kind(doc, node) == JSON_STRING && json_string(doc, node, out) == 0;
        while (out->n < start + columns && buffer_put_byte(out, ' ') == 0)
                ;
        return is_there;
}

static void put_credentials(const struct json_doc *doc, struct buffer *out)
{
        int64_t generation = 0;
        size_t node = json_get(doc, JSON_ROOT, SLICE("generation"));
        if (node == JSON_NONE || json_integer(doc, node, &generation) < 0 || generation == 0)
                return;
        (void)buffer_printf(out, "  generation %lld", (long long)generation);
        node = json_get(doc, JSON_ROOT, SLICE("expiration"));
        if (node == JSON_NONE || json_kind(doc, node) != JSON_STRING)
                return;
        (void)buffer_put(out, SLICE(", until "));
        (void)put_member(doc, "expiration", 0, out);
}

static void put_line(const struct json_doc *doc, struct slice name, struct buffer *out)
{
        (void)put_member(doc, "time", TIME_COLUMNS, out);
        (void)buffer_put(out, SLICE("  "));
        (void)buffer_put(out, name);
        for (size_t n = name.n; n < NAME_COLUMNS; n++)
                (void)buffer_put_byte(out, ' ');
        (void)buffer_put(out, SLICE("  "));
        (void)put_member(doc, "profile", 0, out);
        static const char *const why[] = {"kind", "reason"};
        for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++) {
                if (json_get(doc, JSON_ROOT, slice_str(why[i])) == JSON_NONE)
                        continue;
                (void)buffer_put(out, SLICE("  "));
                (void)put_member(doc, why[i], 0, out);
        }
        put_credentials(doc, out);
        while (out->n > 0 && out->p[out->n - 1] == ' ')
                out->n--;
}

int event_line_write(struct slice name, struct slice data, struct buffer *out)
{
        struct json_doc doc;
        struct json_fault fault;
        size_t start = out->n;
        json_doc_init(&doc);
        bool is_read = json_parse(&doc, data, &fault) == 0;
        if (is_read)
                put_line(&doc, name, out);
        json_doc_free(&doc);
        if (!is_read || out->failed)
                return -1;
        text_defuse(out->p + start, out->n - start);
        return buffer_put_byte(out, '\n');
}
