// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/members.h"

#include <errno.h>

#include "proto/mem/text.h"
#include "proto/wire/json_write.h"
#include "sidecar/base/timestamp.h"

// --- reading ---

int members_parse(struct json_doc *doc, struct slice text, struct buffer *scratch, struct error *e)
{
        struct json_fault fault;
        if (slice_is_empty(slice_trim(text)))
                return error_set(e, ERROR_PROTOCOL, "empty");
        if (json_parse(doc, text, &fault) < 0)
                return error_set(e, fault.no_memory ? ERROR_INTERNAL : ERROR_PROTOCOL, "invalid JSON: %s", fault.what);
        if (json_kind(doc, JSON_ROOT) != JSON_OBJECT)
                return error_set(e, ERROR_PROTOCOL, "%s, expected a JSON object",
                                 json_kind_name(json_kind(doc, JSON_ROOT)));
        if (buffer_reserve(scratch, text.n)) // no decoded text is longer than its source
                return 0;
        return error_set(e, scratch->no_memory ? ERROR_INTERNAL : ERROR_PROTOCOL, "%s (%zu bytes)",
                         scratch->no_memory ? "out of memory" : "too large", text.n);
}

static int take_text(const struct json_doc *doc, size_t node, struct buffer *scratch, struct slice *ret)
{
        size_t from = scratch->n;
        if (json_kind(doc, node) != JSON_STRING || json_string(doc, node, scratch) < 0)
                return -1;
        if (scratch->n > from)
                *ret = slice_of(scratch->p + from, scratch->n - from);
        return 0;
}

static int take_base64(const struct json_doc *doc, size_t node, struct buffer *scratch, struct slice *ret)
{
        struct buffer base64;
        size_t from = scratch->n;
        buffer_init(&base64, scratch->max);
        int r = json_string(doc, node, &base64);
        if (r == 0)
                r = text_base64_decode(buffer_slice(&base64), scratch);
        if (base64.no_memory)
                r = -ENOMEM;
        buffer_free(&base64);
        if (r == 0 && scratch->n > from)
                *ret = slice_of(scratch->p + from, scratch->n - from);
        return r;
}

static int take_time(const struct json_doc *doc, size_t node, int64_t *ret_s)
{
        bool is_plain = json_kind(doc, node) == JSON_STRING && !json_has_escapes(doc, node);
        return is_plain ? timestamp_parse(json_raw(doc, node), ret_s) : -1;
}

static size_t find(const struct json_doc *doc, struct slice path)
{
        size_t node = JSON_ROOT;
        while (node != JSON_NONE && path.n > 0) {
                struct slice key = slice_head(path, slice_find(path, '.'));
                if (json_kind(doc, node) == JSON_ARRAY)
                        node = json_first(doc, node);
                node = json_get(doc, node, key);
                path = slice_from(path, key.n + 1);
        }
        return node;
}

static bool is_absent(const struct json_doc *doc, size_t node)
{
        return node == JSON_NONE || json_kind(doc, node) == JSON_NULL;
}

// 0, -ENOMEM, or another negative number: the value is not of that type.
static int take_value(const struct json_doc *doc, size_t node, enum member_type type, struct buffer *scratch,
                      void *field)
{
        switch (type) {
        case MEMBER_TEXT:
                return take_text(doc, node, scratch, field);
        case MEMBER_BASE64:
                return take_base64(doc, node, scratch, field);
        case MEMBER_TIME:
                return take_time(doc, node, field);
        case MEMBER_NUMBER:
                break;
        }
        int64_t number = 0;
        if (json_integer(doc, node, &number) < 0 || number < 0)
                return -1;
        *(int64_t *)field = number;
        return 0;
}

static bool is_filled(const struct member_rule *rule, const void *field)
{
        bool is_number = rule->type == MEMBER_TIME || rule->type == MEMBER_NUMBER;
        return is_number ? *(const int64_t *)field != 0 : ((const struct slice *)field)->n > 0;
}

int members_take(const struct json_doc *doc, const struct member_rule *rules, size_t count, struct buffer *scratch,
                 void *ret, struct error *e)
{
        static const char *const expected[] = {"a string", "base64", "a time with a zone (RFC 3339)", "a whole number"};
        for (size_t i = 0; i < count; i++) {
                const struct member_rule *rule = &rules[i];
                void *field = (char *)ret + rule->offset;
                size_t node = find(doc, slice_str(rule->path));
                if (is_filled(rule, field))
                        continue;
                int r = is_absent(doc, node) ? 0 : take_value(doc, node, rule->type, scratch, field);
                if (r == -ENOMEM)
                        return error_set(e, ERROR_INTERNAL, "out of memory");
                if (r < 0 && rule->need != MEMBER_INFORMATION)
                        return error_set(e, ERROR_PROTOCOL, "member %s is not %s", rule->path, expected[rule->type]);
                if (rule->need == MEMBER_NEEDED && !is_filled(rule, field))
                        return error_set(e, ERROR_PROTOCOL, "member %s is missing", rule->path);
        }
        return 0;
}

int members_read(struct slice text, const struct member_rule *rules, size_t count, struct buffer *scratch, void *ret,
                 struct error *e)
{
        struct json_doc doc;
        json_doc_init(&doc);
        int r = members_parse(&doc, text, scratch, e);
        if (r == 0)
                r = members_take(&doc, rules, count, scratch, ret, e);
        json_doc_free(&doc);
        return r;
}

int members_text(const struct json_doc *doc, size_t object, struct slice key, struct buffer *scratch, struct slice *ret)
{
        size_t node = json_get(doc, object, key);
        *ret = (struct slice){NULL, 0};
        return is_absent(doc, node) ? 0 : take_text(doc, node, scratch, ret);
}

// --- writing ---

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
        struct buffer inner; // apart from *out, whose last byte decides about commas
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
