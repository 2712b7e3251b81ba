// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/members.h"

#include "proto/mem/time.h"
#include "proto/wire/json_write.h"

enum { TIME_TEXT_MAX = 40 };

const char members_no_memory[] = "out of memory";

int members_parse(struct json_doc *doc, struct slice text, struct buffer *scratch, const char **what)
{
        struct json_fault fault = {.what = "no JSON"};
        *what = NULL;
        if (json_parse(doc, text, &fault) < 0) {
                *what = fault.no_memory ? members_no_memory : fault.what;
                return -1;
        }
        if (json_kind(doc, JSON_ROOT) != JSON_OBJECT) {
                *what = "no JSON object";
                return -1;
        }
        if (!buffer_reserve(scratch, text.n)) { // no decoded text is longer than its source
                *what = members_no_memory;
                return -1;
        }
        return 0;
}

int members_text(const struct json_doc *doc, size_t object, struct slice key, struct buffer *scratch, struct slice *ret)
{
        *ret = (struct slice){NULL, 0};
        size_t node = json_get(doc, object, key);
        if (node == JSON_NONE || json_kind(doc, node) == JSON_NULL)
                return 0;
        size_t from = scratch->n;
        if (json_kind(doc, node) != JSON_STRING || json_string(doc, node, scratch) < 0)
                return -1;
        if (scratch->n > from)
                *ret = slice_of(scratch->p + from, scratch->n - from);
        return 0;
}

int members_time(const struct json_doc *doc, size_t object, struct slice key, int64_t *ret_s)
{
        char text[TIME_TEXT_MAX];
        *ret_s = 0;
        size_t node = json_get(doc, object, key);
        if (node == JSON_NONE || json_kind(doc, node) == JSON_NULL)
                return 0;
        if (json_kind(doc, node) != JSON_STRING || json_has_escapes(doc, node))
                return -1;
        struct slice time = json_raw(doc, node);
        if (slice_ends_with(time, SLICE("UTC")) && time.n < sizeof(text)) {
                memcpy(text, time.p, time.n);
                text[time.n - 3] = 'Z';
                time = slice_of(text, time.n - 2);
        }
        return time_parse_rfc3339(time, ret_s) < 0 ? -1 : 0;
}

int members_seconds(const struct json_doc *doc, size_t object, struct slice key, int64_t *ret_s)
{
        *ret_s = 0;
        size_t node = json_get(doc, object, key);
        if (node == JSON_NONE || json_kind(doc, node) == JSON_NULL)
                return 0;
        return json_integer(doc, node, ret_s) < 0 || *ret_s < 0 ? -1 : 0;
}

static void copy_raw(const struct json_doc *doc, size_t node, struct buffer *out)
{
        const char *quote = json_kind(doc, node) == JSON_STRING ? "\"" : "";
        (void)buffer_put_str(out, quote);
        (void)buffer_put(out, json_raw(doc, node)); // of an object or a list: all of it
        (void)buffer_put_str(out, quote);
}

static bool is_listed(const struct json_doc *doc, size_t key, const struct member *list, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (json_string_is(doc, key, slice_str(list[i].key)))
                        return true;
        return false;
}

static void begin_member(const struct json_doc *doc, size_t key, struct buffer *out)
{
        if (out->n > 0 && out->p[out->n - 1] != '{')
                (void)buffer_put_byte(out, ',');
        copy_raw(doc, key, out);
        (void)buffer_put_byte(out, ':');
}

static void copy_others(const struct json_doc *doc, const struct member *list, size_t count, struct buffer *out)
{
        for (size_t key = json_first(doc, JSON_ROOT); key != JSON_NONE; key = json_next(doc, key)) {
                if (is_listed(doc, key, list, count))
                        continue;
                begin_member(doc, key, out);
                copy_raw(doc, json_value(doc, key), out);
        }
}

int members_replace(struct slice before, const struct member *list, size_t count, struct buffer *out)
{
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        int r = 0;
        if (before.n > 0 && (json_parse(&doc, before, &fault) < 0 || json_kind(&doc, JSON_ROOT) != JSON_OBJECT))
                r = -1;
        if (r == 0) {
                json_begin_object(out);
                for (size_t i = 0; i < count; i++)
                        if (list[i].value.n > 0)
                                json_member(out, list[i].key, list[i].value);
                if (before.n > 0)
                        copy_others(&doc, list, count, out);
                json_end_object(out);
        }
        json_doc_free(&doc);
        return r < 0 || out->failed ? -1 : 0;
}

int members_replace_within(struct slice before, struct slice object, const struct member *list, size_t count,
                           struct buffer *out)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer inner; // apart from *out, whose last byte says where commas go
        json_doc_init(&doc);
        buffer_init(&inner, out->max);
        size_t at = json_parse(&doc, before, &fault) < 0 ? JSON_NONE : json_get(&doc, JSON_ROOT, object);
        int r = -1;
        if (at != JSON_NONE && json_kind(&doc, at) == JSON_OBJECT)
                r = members_replace(json_raw(&doc, at), list, count, &inner);
        json_begin_object(out);
        for (size_t key = r < 0 ? JSON_NONE : json_first(&doc, JSON_ROOT); key != JSON_NONE;
             key = json_next(&doc, key)) {
                begin_member(&doc, key, out);
                if (json_value(&doc, key) == at)
                        (void)buffer_put(out, buffer_slice(&inner));
                else
                        copy_raw(&doc, json_value(&doc, key), out);
        }
        json_end_object(out);
        buffer_free(&inner);
        json_doc_free(&doc);
        return r < 0 || out->failed ? -1 : 0;
}
