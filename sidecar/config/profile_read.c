// SPDX-License-Identifier: Apache-2.0
// Owns the reading of one profile: its type, its keys by the table of profile_keys.c, and what its type needs.
#include "sidecar/config/profile_read.h"
#include "sidecar/config/include.h"

#include "proto/mem/length.h"
#include "sidecar/config/suggest.h"

#define TYPES_TEXT                                                                                                     \
        "assume_role, container, default_chain, imds, login, process, roles_anywhere, shared_config, sso, static, "    \
        "web_identity"

static int read_type(struct reader *r, size_t node, enum profile_type *ret)
{
        struct suggestion near = {.word = {NULL, 0}};
        size_t value = json_get(r->doc, node, SLICE("type"));
        if (value == JSON_NONE) {
                reader_fail(r, node, "found no \"type\", expected one of " TYPES_TEXT);
                return error_hint(r->e, "add \"type\": \"web_identity\", or another of them");
        }
        if (json_kind(r->doc, value) != JSON_STRING)
                return reader_expected(r, value, "a profile type: " TYPES_TEXT);
        near.word = json_raw(r->doc, value);
        for (unsigned i = 0; i < PROFILE_TYPE_COUNT; i++) {
                if (json_string_is(r->doc, value, slice_str(profile_type_name((enum profile_type)i)))) {
                        *ret = (enum profile_type)i;
                        return 0;
                }
                suggest_consider(&near, profile_type_name((enum profile_type)i));
        }
        reader_expected(r, value, "one of " TYPES_TEXT);
        if (near.best)
                error_hint(r->e, "did you mean \"%s\"?", near.best);
        return -1;
}

static bool has(const struct reader *r, size_t node, const char *key)
{
        return json_get(r->doc, node, slice_str(key)) != JSON_NONE;
}

static int refuse_both(const struct reader *r, size_t node, const char *a, const char *b)
{
        reader_fail(r, node, "found both \"%s\" and \"%s\", expected one of them", a, b);
        return error_hint(r->e, "remove one of the two");
}

// What the types need, in the order in which it is reported: exactly one of two keys.
static const struct need {
        const char *key, *or_key;
        const char *unless; // a key that makes it unnecessary
        enum profile_type type;
        bool is_optional; // at most one of the two
} needs[] = {
#define ONE(profile, first)                                                                                            \
        {                                                                                                              \
                .type = PROFILE_##profile, .key = (first)                                                              \
        }
#define ONE_OF(profile, first, second)                                                                                 \
        {                                                                                                              \
                .type = PROFILE_##profile, .key = (first), .or_key = (second)                                          \
        }
#define AT_MOST_ONE_OF(profile, first, second)                                                                         \
        {                                                                                                              \
                .type = PROFILE_##profile, .key = (first), .or_key = (second), .is_optional = true                     \
        }
    ONE_OF(STATIC, "access_key_id", "access_key_id_file"),
    ONE_OF(STATIC, "secret_access_key", "secret_access_key_file"),
    AT_MOST_ONE_OF(STATIC, "session_token", "session_token_file"),
    ONE(WEB_IDENTITY, "role_arn"),
    ONE_OF(WEB_IDENTITY, "web_identity_token_file", "web_identity_token_source"),
    ONE(ROLES_ANYWHERE, "trust_anchor_arn"),
    ONE(ROLES_ANYWHERE, "profile_arn"),
    ONE(ROLES_ANYWHERE, "role_arn"),
    AT_MOST_ONE_OF(ROLES_ANYWHERE, "private_key_passphrase_file", "private_key_passphrase_fd"),
    ONE_OF(ROLES_ANYWHERE, "certificate", "pkcs12"),
    AT_MOST_ONE_OF(ROLES_ANYWHERE, "private_key", "pkcs12"),
    ONE_OF(ASSUME_ROLE, "source_profile", "credential_source"),
    ONE(ASSUME_ROLE, "role_arn"),
    ONE(PROCESS, "credential_process"),
    ONE(SSO, "sso_account_id"),
    ONE(SSO, "sso_role_name"),
    {.type = PROFILE_SSO, .key = "sso_start_url", .unless = "sso_session"},
    {.type = PROFILE_SSO, .key = "sso_region", .unless = "sso_session"},
    ONE(LOGIN, "login_session"),
};

static int check_need(const struct reader *r, size_t node, const struct profile *p, const struct need *need)
{
        bool has_first = has(r, node, need->key);
        bool has_second = need->or_key && has(r, node, need->or_key);
        if (has_first && has_second)
                return refuse_both(r, node, need->key, need->or_key);
        if (has_first || has_second || need->is_optional || (need->unless && has(r, node, need->unless)))
                return 0;
        if (!need->or_key) {
                reader_fail(r, node, "found no \"%s\", which a profile of type %s needs", need->key,
                            profile_type_name(p->type));
                return error_hint(r->e, "add \"%s\" to this profile", need->key);
        }
        reader_fail(r, node, "found neither \"%s\" nor \"%s\", expected one of them", need->key, need->or_key);
        return error_hint(r->e, "add \"%s\" or \"%s\" to this profile", need->key, need->or_key);
}

// Its keys are in a secret, and so not in the profile.
static int check_secretsmanager(const struct reader *r, size_t node)
{
        for (const struct need *need = needs; need->type == PROFILE_STATIC; need++)
                if (has(r, node, need->key) || has(r, node, need->or_key))
                        return refuse_both(r, node, has(r, node, need->key) ? need->key : need->or_key,
                                           "secretsmanager");
        return 0;
}

static int check_needs(const struct reader *r, size_t node, const struct profile *p)
{
        if (p->secretsmanager.secret_id)
                return check_secretsmanager(r, node);
        for (size_t i = 0; i < LENGTH(needs); i++)
                if (needs[i].type == p->type && check_need(r, node, p, &needs[i]) < 0 && reader_go_on(r) < 0)
                        return -1;
        if (p->web_identity.audience && !has(r, node, "web_identity_token_source")) {
                reader_fail(r, node, "found \"audience\" without \"web_identity_token_source\"");
                return error_hint(r->e, "remove \"audience\": the issuer of the token file has set it");
        }
        bool has_file = p->roles_anywhere.private_key_passphrase_file;
        if (p->roles_anywhere.pin_file && (has_file || p->roles_anywhere.private_key_passphrase_fd)) {
                reader_fail(r, node, "found both pin-source in a URI and \"private_key_passphrase_%s\"",
                            has_file ? "file" : "fd");
                return error_hint(r->e, "remove one of the two");
        }
        return 0;
}

int profile_read(struct reader *r, size_t node, char *name, struct profile *p)
{
        size_t rules_count;
        const struct key_rule *rules = profile_rules(&rules_count);
        p->name = name;
        if (json_kind(r->doc, node) != JSON_OBJECT)
                return reader_expected(r, node, "an object");
        if (read_type(r, node, &p->type) < 0)
                return -1;
        p->declared_type = p->type;
        if (p->type == PROFILE_PROCESS && r->grant && !r->grant->allow_process) {
                reader_fail(r, reader_at(r, node, "type"),
                            "found a profile that runs a command, expected none in an included file");
                return error_hint(r->e, "permit it in the configuration file: \"include\": [{\"path\": …, "
                                        "\"allow_process\": true}], or move the profile there");
        }
        const struct key_table table = {rules, rules_count, "a profile of type ", profile_type_name(p->type),
                                        1u << p->type};
        return reader_object(r, node, &table, p) < 0 ? -1 : check_needs(r, node, p);
}
