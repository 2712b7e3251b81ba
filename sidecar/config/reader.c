// SPDX-License-Identifier: Apache-2.0
// Owns the walk over objects and the wording of its faults; the getters are in reader_values.c.
#include "sidecar/config/reader.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/wire/limits.h"
#include "sidecar/config/json_path.h"
#include "sidecar/config/suggest.h"

#define PATH_TEXT 300 // of a JSON path in a message
#define FOUND_TEXT 72 // of a value in a message
#define HINT_TEXT 384
#define DUPLICATES_MAX 100 // keys that are looked for in one file

void reader_init(struct reader *r)
{
        if (!r->accounts.lookup)
                r->accounts.lookup = accounts_lookup_system;
        buffer_init(&r->scratch, LIMIT_CONFIG_FILE);
}

void reader_free(struct reader *r)
{
        buffer_free(&r->scratch);
}

void reader_move(struct reader *r, const struct reader_place *place)
{
        r->file = place->file;
        r->directory = place->directory;
        r->doc = place->doc;
        r->grant = place->grant;
}

int reader_go_on(const struct reader *r)
{
        if (!r->faults || r->e->kind != ERROR_CONFIG)
                return -1;
        faults_add(r->faults, r->e);
        return 0;
}

size_t reader_faults_count(const struct reader *r)
{
        return r->faults ? r->faults->count : 0;
}

static int refuse_duplicate(const struct reader *r, size_t object, size_t key)
{
        struct json_fault first;
        struct slice raw = slice_head(json_raw(r->doc, key), FOUND_TEXT);
        size_t other = json_first(r->doc, object);
        while (!slice_eq(json_raw(r->doc, other), json_raw(r->doc, key)) && json_next(r->doc, other) < key)
                other = json_next(r->doc, other);
        json_locate(r->doc, other, &first);
        reader_fail(r, key, "found a duplicate key \"%.*s\", expected it once: the first is in line %u", (int)raw.n,
                    (const char *)raw.p, first.line);
        return error_hint(r->e, "rename or remove one of the two");
}

static int refuse_duplicates(const struct reader *r)
{
        unsigned left = DUPLICATES_MAX;
        for (size_t node = JSON_ROOT; node < r->doc->count; node++) {
                if (json_kind(r->doc, node) != JSON_OBJECT)
                        continue;
                size_t key;
                while (left > 0 && (key = json_duplicate_key(r->doc, node)) != JSON_NONE) {
                        (void)refuse_duplicate(r, node, key);
                        if (reader_go_on(r) < 0)
                                return -1;
                        json_remove_key(r->doc, node, key);
                        left--;
                }
        }
        return 0;
}

int reader_parse(struct reader *r, struct slice text)
{
        struct json_fault fault;
        r->doc->keeps_duplicates = true;
        if (json_parse(r->doc, text, &fault) == 0)
                return refuse_duplicates(r);
        if (fault.no_memory)
                return reader_no_memory(r);
        error_set(r->e, ERROR_CONFIG, "%s:%u:%u: found invalid JSON (%s), expected one object", r->file, fault.line,
                  fault.column, fault.what);
        return error_hint(r->e, "correct it there; JSON allows no comments, no trailing commas");
}

int reader_fail(const struct reader *r, size_t node, const char *format, ...)
{
        char text[sizeof(r->e->message)];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof(text), format, args);
        va_end(args);

        if (node == JSON_NONE || !r->doc) {
                error_set(r->e, ERROR_CONFIG, "%s: %s", r->file, text);
                return error_hint(r->e, "correct it, then run \"keyfobd --check\"");
        }
        struct json_fault at;
        json_locate(r->doc, node, &at);
        struct buffer path;
        buffer_init(&path, PATH_TEXT);
        json_path(r->doc, node, &path);
        const char *path_text = path.n ? buffer_c_str(&path) : NULL;
        error_set(r->e, ERROR_CONFIG, "%s:%u:%u: %s%s%s", r->file, at.line, at.column, path_text ? path_text : "",
                  path_text ? ": " : "", text);
        buffer_free(&path);
        return error_hint(r->e, "correct it there, then run \"keyfobd --check\"");
}

int reader_expected(const struct reader *r, size_t node, const char *expected)
{
        enum json_kind kind = json_kind(r->doc, node);
        if (kind != JSON_STRING && kind != JSON_NUMBER)
                return reader_fail(r, node, "found %s, expected %s", json_kind_name(kind), expected);
        struct slice found = json_raw(r->doc, node);
        const char *quote = kind == JSON_STRING ? "\"" : "";
        struct slice shown = slice_head(found, FOUND_TEXT);
        while (shown.n < found.n && shown.n > 0 && (found.p[shown.n] & 0xc0) == 0x80)
                shown.n--; // not inside a character
        return reader_fail(r, node, "found %s%.*s%s%s, expected %s", quote, (int)shown.n, (const char *)shown.p,
                           shown.n < found.n ? "…" : "", quote, expected);
}

int reader_expected_secret(const struct reader *r, size_t node, const char *expected)
{
        return reader_fail(r, node, "found %s, expected %s", json_kind_name(json_kind(r->doc, node)), expected);
}

int reader_refuse_variable(const struct reader *r, const char *variable, const char *found, const char *expected)
{
        if (found)
                error_set(r->e, ERROR_CONFIG, "environment: %s: found \"%.80s\", expected %s", variable, found,
                          expected);
        else
                error_set(r->e, ERROR_CONFIG, "environment: %s: found an invalid value (not shown), expected %s",
                          variable, expected);
        return error_hint(r->e, "correct or unset %s", variable);
}

int reader_no_memory(const struct reader *r)
{
        return error_set(r->e, ERROR_INTERNAL, "%s: out of memory", r->file);
}

size_t reader_at(const struct reader *r, size_t node, const char *key)
{
        if (!r->doc || node == JSON_NONE)
                return JSON_NONE;
        size_t value = json_get(r->doc, node, slice_str(key));
        return value == JSON_NONE ? node : value;
}

static bool is_of_type(const struct key_rule *rule, const struct key_table *table)
{
        return rule->types == 0 || (rule->types & table->type) != 0;
}

static const struct key_rule *find_rule(const struct reader *r, const struct key_table *table, size_t key)
{
        bool is_plain = !json_has_escapes(r->doc, key);
        struct slice raw = json_raw(r->doc, key);
        const struct key_rule *elsewhere = NULL;
        for (size_t i = 0; i < table->count; i++) {
                const struct key_rule *rule = &table->rules[i];
                struct slice name = slice_str(rule->key);
                if (is_plain ? !slice_eq(raw, name) : !json_string_is(r->doc, key, name))
                        continue;
                if (is_of_type(rule, table))
                        return rule;
                elsewhere = rule;
        }
        return elsewhere;
}

// What is allowed in this object, with the nearest first.
static int hint_keys(const struct reader *r, const struct key_table *table, struct slice word)
{
        struct suggestion near = {.word = word};
        struct buffer keys;
        buffer_init(&keys, HINT_TEXT);
        for (size_t i = 0; i < table->count; i++) {
                const struct key_rule *rule = &table->rules[i];
                if (!is_of_type(rule, table) || !rule->read)
                        continue;
                suggest_consider(&near, rule->key);
                if (keys.n)
                        (void)buffer_put_str(&keys, ", ");
                (void)buffer_put_str(&keys, rule->key);
        }
        const char *list = keys.n ? buffer_c_str(&keys) : NULL;
        if (near.best)
                error_hint(r->e, "did you mean \"%s\"? Allowed: %s", near.best, list ? list : "…");
        else
                error_hint(r->e, "allowed: %s", list ? list : "…");
        buffer_free(&keys);
        return -1;
}

static int refuse_key(const struct reader *r, size_t key, const struct key_table *table, const struct key_rule *rule)
{
        struct slice raw = json_raw(r->doc, key);
        const char *which = table->which ? table->which : "";
        if (!rule)
                reader_fail(r, key, "found an unknown key \"%.*s\" in %s%s", (int)slice_head(raw, FOUND_TEXT).n,
                            (const char *)raw.p, table->what, which);
        else if (is_of_type(rule, table))
                reader_fail(r, key, "found key \"%s\", which this version does not support", rule->key);
        else
                reader_fail(r, key, "found key \"%s\", which %s%s does not have", rule->key, table->what, which);
        return hint_keys(r, table, raw);
}

int reader_object(struct reader *r, size_t node, const struct key_table *table, void *record)
{
        if (json_kind(r->doc, node) != JSON_OBJECT)
                return reader_expected(r, node, "an object");
        for (size_t key = json_first(r->doc, node); key != JSON_NONE; key = json_next(r->doc, key)) {
                const struct key_rule *rule = find_rule(r, table, key);
                bool is_known = rule && rule->read && is_of_type(rule, table);
                int read =
                    is_known ? rule->read(r, json_value(r->doc, key), rule, record) : refuse_key(r, key, table, rule);
                if (read < 0 && reader_go_on(r) < 0)
                        return -1;
        }
        return 0;
}
