// SPDX-License-Identifier: Apache-2.0
// Owns the typed getters: one JSON value in, one field of a record out.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/config/reader.h"
#include "sidecar/config/values.h"

#define TOKEN_SHORTEST ((size_t)100) // a JWT is longer

int reader_text(struct reader *r, size_t node, struct slice *ret)
{
        buffer_reset(&r->scratch);
        if (json_string(r->doc, node, &r->scratch) < 0)
                return reader_no_memory(r);
        *ret = buffer_slice(&r->scratch);
        return 0;
}

int reader_account(struct reader *r, size_t node, enum account_kind kind, struct slice name, uint32_t *ret)
{
        bool is_user = kind == ACCOUNT_USER;
        int found = account_find(&r->accounts, kind, name, ret);
        if (found == 0)
                return 0;
        if (found == -ENOMEM)
                return reader_no_memory(r);
        if (found == -ENOENT || found == -EINVAL) {
                reader_expected(r, node,
                                is_user ? "the name of a user of this system, or a number"
                                        : "the name of a group of this system, or a number");
                return error_hint(
                    r->e, "check \"getent %s\"; names can differ between container and host: use the numeric id",
                    is_user ? "passwd" : "group");
        }
        reader_fail(r, node, "the system cannot look up the id of this %s (errno %d)", is_user ? "user" : "group",
                    -found);
        return error_hint(r->e, "use the number instead of the name");
}

int reader_nothing(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        (void)record;
        return json_kind(r->doc, value) == JSON_STRING ? 0 : reader_expected(r, value, rule->expected);
}

// Decodes a string and checks it by the rule; a hidden one is never shown.
static int read_valid(struct reader *r, size_t value, const struct key_rule *rule, bool is_hidden, struct slice *ret)
{
        bool is_string = json_kind(r->doc, value) == JSON_STRING;
        if (is_string && reader_text(r, value, ret) < 0)
                return -1;
        if (is_string && rule->is_valid(*ret))
                return 0;
        buffer_reset(&r->scratch);
        if (!is_hidden)
                return reader_expected(r, value, rule->expected);
        return is_string ? reader_fail(r, value, "found an invalid value (not shown), expected %s", rule->expected)
                         : reader_expected_secret(r, value, rule->expected);
}

int reader_string(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct slice text = {NULL, 0};
        return read_valid(r, value, rule, false, &text) < 0 ? -1
                                                            : reader_keep(r, text, reader_field(record, rule->offset));
}

int reader_hidden_string(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct slice text = {NULL, 0};
        return read_valid(r, value, rule, true, &text) < 0 ? -1
                                                           : reader_keep(r, text, reader_field(record, rule->offset));
}

int reader_new_path(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct slice text = {NULL, 0};
        if (json_kind(r->doc, value) != JSON_STRING)
                return reader_expected(r, value, "the path of a file");
        if (reader_text(r, value, &text) < 0)
                return -1;
        bool is_token = slice_starts_with(text, SLICE("eyJ")) && text.n >= TOKEN_SHORTEST;
        if (is_token || slice_starts_with(text, SLICE("-----BEGIN")) || slice_find(text, '\n') < text.n) {
                reader_expected_secret(r, value, "the path of a file, not its content");
                return error_hint(r->e, "write the content to a file and set the path of that file here");
        }
        if (values_is_uri(text)) {
                reader_expected(r, value, "the path of a file, not a URI");
                return error_hint(r->e, "use a path without a scheme such as file: or pkcs11:");
        }
        if (text.n < 1 || text.n > READER_PATH_LONGEST)
                return reader_expected(r, value, "the path of a file, 1 to 4095 bytes");
        char **path = reader_field(record, rule->offset);
        if (reader_keep_path(r, text, path) < 0)
                return -1;
        return reader_judge_file(r, value, *path, rule->is_secret);
}

int reader_path(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        if (reader_new_path(r, value, rule, record) < 0)
                return -1;
        char **path = reader_field(record, rule->offset);
        return reader_check_file(r, value, *path);
}

int reader_integer(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        char expected[160];
        int64_t number = 0;
        bool is_number = json_kind(r->doc, value) == JSON_NUMBER && json_integer(r->doc, value, &number) == 0;
        if (!is_number || number < rule->min || number > rule->max) {
                (void)snprintf(expected, sizeof(expected), "a whole number from %" PRId64 " to %" PRId64 "%s",
                               rule->min, rule->max, rule->expected);
                return reader_expected(r, value, expected);
        }
        int64_t *target = reader_field(record, rule->offset);
        *target = number;
        return 0;
}

// How many elements or keys there are, checked against the rule's limits.
static int read_count(struct reader *r, size_t value, const struct key_rule *rule, size_t *ret)
{
        char expected[160];
        size_t count = json_length(r->doc, value);
        if ((int64_t)count < rule->min || (int64_t)count > rule->max) {
                (void)snprintf(expected, sizeof(expected), "%" PRId64 " to %" PRId64, rule->min, rule->max);
                return reader_fail(r, value, "found %zu of them, expected %s", count, expected);
        }
        *ret = count;
        return 0;
}

int reader_strings(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        char expected[256];
        size_t count = 0;
        if (json_kind(r->doc, value) != JSON_ARRAY) {
                (void)snprintf(expected, sizeof(expected), "a list, each of it %s", rule->expected);
                return reader_expected(r, value, expected);
        }
        if (read_count(r, value, rule, &count) < 0)
                return -1;
        char **list = arena_array(r->strings, count, sizeof(*list));
        if (count && !list)
                return reader_no_memory(r);
        size_t before = reader_faults_count(r);
        const struct key_rule element = {.is_valid = rule->is_valid, .expected = rule->expected};
        size_t i = 0;
        for (size_t node = json_first(r->doc, value); node != JSON_NONE; node = json_next(r->doc, node))
                if (reader_string(r, node, &element, &list[i++]) < 0 && reader_go_on(r) < 0)
                        return -1;
        if (reader_faults_count(r) > before)
                return 0;
        *(char ***)reader_field(record, rule->offset) = list;
        *(size_t *)reader_field(record, rule->count_offset) = count;
        return 0;
}

int reader_pairs(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        size_t count = 0;
        if (json_kind(r->doc, value) != JSON_OBJECT)
                return reader_expected(r, value, "an object of strings");
        if (read_count(r, value, rule, &count) < 0)
                return -1;
        struct name_value *list = arena_array(r->strings, count, sizeof(*list));
        if (count && !list)
                return reader_no_memory(r);
        size_t before = reader_faults_count(r);
        const struct key_rule name = {
            .is_valid = rule->is_valid_name, .expected = rule->expected, .offset = offsetof(struct name_value, name)};
        const struct key_rule text = {
            .is_valid = rule->is_valid, .expected = rule->expected, .offset = offsetof(struct name_value, value)};
        size_t i = 0;
        for (size_t key = json_first(r->doc, value); key != JSON_NONE; key = json_next(r->doc, key), i++)
                if ((reader_string(r, key, &name, &list[i]) < 0 ||
                     reader_string(r, json_value(r->doc, key), &text, &list[i]) < 0) &&
                    reader_go_on(r) < 0)
                        return -1;
        if (reader_faults_count(r) > before)
                return 0;
        *(struct name_value **)reader_field(record, rule->offset) = list;
        *(size_t *)reader_field(record, rule->count_offset) = count;
        return 0;
}

int reader_secret(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct slice text = {NULL, 0};
        if (read_valid(r, value, rule, true, &text) < 0)
                return -1;
        int result = reader_keep_secret(r, text, reader_field(record, rule->offset));
        buffer_reset(&r->scratch);
        return result < 0 ? -1 : reader_warn_if_open(r, r->file);
}
