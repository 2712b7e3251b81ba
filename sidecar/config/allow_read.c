// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/allow_read.h"

#include <assert.h>
#include <stddef.h>

#include "proto/mem/length.h"
#include "sidecar/config/profile.h"
#include "sidecar/config/sign_read.h"

#define RULES_MAX 1000

static_assert(sizeof(uid_t) == sizeof(uint32_t) && sizeof(gid_t) == sizeof(uint32_t), "ids are 32 bits");

static key_read_fn read_ids, read_scopes, read_sign;

#define LIST(member)                                                                                                   \
        .offset = offsetof(struct allow_rule, member), .count_offset = offsetof(struct allow_rule, member##_count)

static const struct key_rule rules[] = {
    {.key = "uids", .read = read_ids, LIST(uids)},
    {.key = "gids", .read = read_ids, LIST(gids)},
    {.key = "scopes", .read = read_scopes},
    {.key = "sign", .read = read_sign},
};

static const struct {
        struct slice name;
        enum allow_scope scope;
} scopes[] = {
    {SLICE_INIT("credentials"), ALLOW_CREDENTIALS},
    {SLICE_INIT("sign"), ALLOW_SIGN},
    {SLICE_INIT("token"), ALLOW_TOKEN},
    {SLICE_INIT("admin"), ALLOW_ADMIN},
    {SLICE_INIT("status"), ALLOW_STATUS},
};

static int read_id(struct reader *r, size_t node, enum account_kind kind, uint32_t *ret)
{
        struct slice name = {NULL, 0};
        int64_t number = 0;
        enum json_kind type = json_kind(r->doc, node);
        if (type != JSON_NUMBER && type != JSON_STRING)
                return reader_expected(r, node, "an id, or a name");
        if (type == JSON_STRING)
                return reader_text(r, node, &name) < 0 ? -1 : reader_account(r, node, kind, name, ret);
        if (json_integer(r->doc, node, &number) < 0 || number < 0 || number >= UINT32_MAX)
                return reader_expected(r, node, "an id from 0 to 4294967294, or a name");
        *ret = (uint32_t)number;
        return 0;
}

static int read_ids(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        enum account_kind kind = rule->offset == offsetof(struct allow_rule, uids) ? ACCOUNT_USER : ACCOUNT_GROUP;
        size_t count = json_length(r->doc, value);
        if (json_kind(r->doc, value) != JSON_ARRAY)
                return reader_expected(r, value, "a list of ids or names");
        if (count == 0) {
                reader_fail(r, value, "found an empty list, expected at least one id or name");
                return error_hint(r->e, "remove the key if the rule is not about users or groups");
        }
        uint32_t *ids = arena_array(r->strings, count, sizeof(*ids));
        if (!ids)
                return reader_no_memory(r);
        size_t i = 0;
        for (size_t node = json_first(r->doc, value); node != JSON_NONE; node = json_next(r->doc, node))
                if (read_id(r, node, kind, &ids[i++]) < 0 && reader_go_on(r) < 0)
                        return -1;
        *(uint32_t **)reader_field(record, rule->offset) = ids;
        *(size_t *)reader_field(record, rule->count_offset) = count;
        return 0;
}

static int read_scopes(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        static const char expected[] = "a list of credentials, sign, token, admin, status";
        struct allow_rule *allow = record;
        (void)rule;
        if (json_kind(r->doc, value) != JSON_ARRAY || json_length(r->doc, value) == 0)
                return reader_expected(r, value, expected);
        allow->scopes = 0;
        for (size_t node = json_first(r->doc, value); node != JSON_NONE; node = json_next(r->doc, node)) {
                size_t i = 0;
                while (i < LENGTH(scopes) && !json_string_is(r->doc, node, scopes[i].name))
                        i++;
                if (i < LENGTH(scopes))
                        allow->scopes |= (unsigned)scopes[i].scope;
                else if (reader_expected(r, node, "one of credentials, sign, token, admin, status") < 0 &&
                         reader_go_on(r) < 0)
                        return -1;
        }
        return 0;
}

static int read_sign(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct allow_rule *allow = record;
        (void)rule;
        struct sign_limits *limits = arena_array(r->strings, 1, sizeof(*limits));
        if (!limits)
                return reader_no_memory(r);
        allow->sign = limits;
        return sign_read(r, value, limits);
}

// Peers with limits do not get the credentials themselves unless the rule says so: these have no limits.
static int read_rule(struct reader *r, size_t node, struct allow_rule *allow)
{
        const struct key_table table = {rules, LENGTH(rules), "a rule", NULL, 0};
        if (reader_object(r, node, &table, allow) < 0)
                return -1;
        if (allow->scopes == 0)
                allow->scopes = allow->sign ? ALLOW_SIGN : ALLOW_ALL;
        if (!allow->sign || (allow->scopes & (ALLOW_SIGN | ALLOW_TOKEN)))
                return 0;
        reader_fail(r, reader_at(r, node, "sign"),
                    "found \"sign\" in a rule without the scopes \"sign\" and \"token\"");
        return error_hint(r->e, "add \"sign\" to \"scopes\", or remove the key");
}

int allow_read(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct profile *p = record;
        (void)rule;
        bool is_list = json_kind(r->doc, value) == JSON_ARRAY;
        if (!is_list && json_kind(r->doc, value) != JSON_OBJECT)
                return reader_expected(r, value, "a rule {\"uids\", \"gids\", \"scopes\"}, or a list of rules");
        size_t count = is_list ? json_length(r->doc, value) : 1;
        if (count < 1 || count > RULES_MAX) {
                reader_fail(r, value, "found %zu rules, expected 1 to %d", count, RULES_MAX);
                return error_hint(r->e, "remove the key to allow every user who can connect");
        }
        p->allow = arena_array(r->strings, count, sizeof(*p->allow));
        if (!p->allow)
                return reader_no_memory(r);
        p->allow_count = count;
        if (!is_list)
                return read_rule(r, value, &p->allow[0]);
        size_t i = 0;
        for (size_t node = json_first(r->doc, value); node != JSON_NONE; node = json_next(r->doc, node))
                if (read_rule(r, node, &p->allow[i++]) < 0 && reader_go_on(r) < 0)
                        return -1;
        return 0;
}
