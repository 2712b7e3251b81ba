// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/profile_read.h"

#include <stddef.h>

#include "sidecar/config/allow_read.h"
#include "sidecar/config/arn.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/policy_read.h"
#include "sidecar/config/session_name.h"
#include "sidecar/config/suggest.h"
#include "sidecar/config/values.h"

#define STATIC (1u << PROFILE_STATIC)
#define WEB (1u << PROFILE_WEB_IDENTITY)
#define ANYWHERE (1u << PROFILE_ROLES_ANYWHERE)
#define ASSUME (1u << PROFILE_ASSUME_ROLE)

#define DURATION_MIN_S 900
#define DURATION_MAX_S 43200
#define TIMEOUT_MAX_MS 600000
#define REFRESH_BEFORE_MIN_S 60
#define POLICY_ARNS_MAX 10
#define TAGS_MAX 50
#define LIST_MAX 1000

static key_read_fn read_refresh, read_endpoint, read_sign;

#define FIELD(member) .offset = offsetof(struct profile, member)
#define LIST(member)                                                                                                   \
        .offset = offsetof(struct profile, member), .count_offset = offsetof(struct profile, member##_count)
#define TEXT(check, what) .is_valid = (check), .expected = (what)
#define RANGE(from, to, unit) .min = (from), .max = (to), .expected = (unit)

#define EXPECT_REGION "an AWS region such as us-east-1"
#define EXPECT_TAG                                                                                                     \
        "a tag: its key 1 to 128, its value up to 256 letters, digits, blanks and _ . : / = + - @, and both strings"

static const struct key_rule rules[] = {
    {"type", 0, reader_nothing, .expected = "a profile type"},
    {"region", 0, reader_string, FIELD(region), TEXT(endpoints_is_region, EXPECT_REGION)},
    {"sts_region", 0, reader_string, FIELD(issuer_region), TEXT(endpoints_is_region, EXPECT_REGION)},
    {"endpoint_url", 0, read_endpoint, FIELD(endpoint_url)},
    {"ca_bundle", 0, reader_path, FIELD(ca_bundle)},
    {"connect_timeout_ms", 0, reader_integer, FIELD(connect_timeout_ms), RANGE(1, TIMEOUT_MAX_MS, " (milliseconds)")},
    {"read_timeout_ms", 0, reader_integer, FIELD(read_timeout_ms), RANGE(1, TIMEOUT_MAX_MS, " (milliseconds)")},
    {"refresh", 0, read_refresh, FIELD(on_demand)},
    {"refresh_before_seconds", 0, reader_integer, FIELD(refresh_before_seconds),
     RANGE(REFRESH_BEFORE_MIN_S, DURATION_MAX_S, "")},
    {.key = "allow", .read = allow_read},
    {.key = "sign", .read = read_sign},

    {"source_profile", ASSUME, reader_string, FIELD(source_profile),
     TEXT(values_is_any, "the name of another profile")},
    {"role_arn", WEB | ANYWHERE | ASSUME, reader_string, FIELD(role.role_arn),
     TEXT(arn_is_role, "an IAM role ARN (arn:aws:iam::111122223333:role/NAME)")},
    {"role_session_name", WEB | ANYWHERE | ASSUME, reader_string, FIELD(role.role_session_name),
     TEXT(session_name_is_valid, "2 to 64 of A-Z a-z 0-9 _ + = , . @ -")},
    {"external_id", ASSUME, reader_string, FIELD(role.external_id),
     TEXT(values_is_external_id, "2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -")},
    {"duration_seconds", WEB | ANYWHERE | ASSUME, reader_integer, FIELD(role.duration_seconds),
     RANGE(DURATION_MIN_S, DURATION_MAX_S, " (seconds)")},
    {"policy", WEB | ASSUME, policy_read, FIELD(role.policy)},
    {"policy_arns", WEB | ASSUME, reader_strings, LIST(role.policy_arns),
     TEXT(arn_is_policy, "an IAM policy ARN (arn:aws:iam::aws:policy/NAME)"), .max = POLICY_ARNS_MAX},
    {"tags", ASSUME, reader_pairs, LIST(role.tags), TEXT(values_is_tag_value, EXPECT_TAG),
     .is_valid_name = values_is_tag_key, .max = TAGS_MAX},
    {"transitive_tag_keys", ASSUME, reader_strings, LIST(role.transitive_tag_keys),
     TEXT(values_is_tag_key, "the key of a tag"), .max = TAGS_MAX},
    {"source_identity", ASSUME, reader_string, FIELD(role.source_identity),
     TEXT(session_name_is_valid, "2 to 64 of A-Z a-z 0-9 _ + = , . @ -")},
    {.key = "credential_source", .types = ASSUME, .read = NULL},
    {.key = "mfa_serial", .types = ASSUME, .read = NULL},

    {"web_identity_token_file", WEB, reader_new_path, FIELD(web_identity_token_file)},
    {.key = "web_identity_token_source", .types = WEB, .read = NULL},
    {.key = "audience", .types = WEB, .read = NULL},

    {"trust_anchor_arn", ANYWHERE, reader_string, FIELD(roles_anywhere.trust_anchor_arn),
     TEXT(arn_is_trust_anchor, "a trust anchor's ARN (arn:aws:rolesanywhere:REGION:111122223333:trust-anchor/ID)")},
    {"profile_arn", ANYWHERE, reader_string, FIELD(roles_anywhere.profile_arn),
     TEXT(arn_is_roles_anywhere_profile,
          "a Roles Anywhere profile's ARN (arn:aws:rolesanywhere:REGION:111122223333:profile/ID)")},
    {"certificate", ANYWHERE, reader_path, FIELD(roles_anywhere.certificate)},
    {"certificate_chain", ANYWHERE, reader_path, FIELD(roles_anywhere.certificate_chain)},
    {"private_key", ANYWHERE, reader_path, FIELD(roles_anywhere.private_key)},
    {"private_key_passphrase_file", ANYWHERE, reader_path, FIELD(roles_anywhere.private_key_passphrase_file)},
    {"instance_properties", ANYWHERE, reader_pairs, LIST(roles_anywhere.instance_properties),
     TEXT(values_is_any, "a string that is not empty"), .is_valid_name = values_is_any, .max = LIST_MAX},
    {.key = "pkcs12", .types = ANYWHERE, .read = NULL},

    {"access_key_id", STATIC, reader_hidden_string, FIELD(keys.access_key_id),
     TEXT(values_is_access_key_id, "an access key ID, 16 to 128 letters and digits")},
    {"access_key_id_file", STATIC, reader_path, FIELD(keys.access_key_id_file)},
    {"secret_access_key", STATIC, reader_secret, FIELD(keys.secret_access_key),
     TEXT(values_is_secret_access_key, "a secret access key without blanks")},
    {"secret_access_key_file", STATIC, reader_path, FIELD(keys.secret_access_key_file)},
    {"session_token", STATIC, reader_secret, FIELD(keys.session_token),
     TEXT(values_is_session_token, "a session token without blanks")},
    {"session_token_file", STATIC, reader_path, FIELD(keys.session_token_file)},
    {.key = "secretsmanager", .types = STATIC, .read = NULL},
};

static const struct key_rule sign_rules[] = {
    {"service", 0, reader_string, FIELD(sign.service), TEXT(values_is_service, "a signing name such as bedrock")},
    {"region", 0, reader_string, FIELD(sign.region), TEXT(endpoints_is_region, EXPECT_REGION)},
    {"hosts", 0, reader_strings, LIST(sign.hosts),
     TEXT(values_is_host_pattern, "a host name, or \"*.\" and a domain; no scheme, no path"), .min = 1,
     .max = LIST_MAX},
    {"paths", 0, reader_strings, LIST(sign.paths), TEXT(values_is_url_path, "a path prefix that begins with /"),
     .min = 1, .max = LIST_MAX},
};

const struct key_rule *profile_rules(size_t *ret_count)
{
        *ret_count = sizeof(rules) / sizeof(rules[0]);
        return rules;
}

static int read_refresh(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct profile *p = record;
        (void)rule;
        p->on_demand = json_string_is(r->doc, value, SLICE("on_demand"));
        if (!p->on_demand && !json_string_is(r->doc, value, SLICE("eager")))
                return reader_expected(r, value, "\"eager\" or \"on_demand\"");
        return 0;
}

static int read_endpoint(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct profile *p = record;
        struct slice text = {NULL, 0};
        (void)rule;
        if (json_kind(r->doc, value) != JSON_STRING)
                return reader_expected(r, value, "a URL (https://host[:port][/path])");
        if (reader_text(r, value, &text) < 0)
                return -1;
        if (slice_find(text, '@') < text.n) // a password may be before it
                return reader_expected_secret(r, value, "a URL (https://host[:port][/path]) without a user");
        enum values_url judged = values_check_endpoint(text);
        if (judged == VALUES_URL_BAD)
                return reader_expected(r, value, "a URL (https://host[:port][/path], no query, no user)");
        if (judged == VALUES_URL_PLAIN) {
                reader_expected(r, value, "https: plain http is for loopback and link-local hosts only");
                return error_hint(r->e, "use https://, or an endpoint on this machine");
        }
        while (text.p[text.n - 1] == '/')
                text.n--;
        return reader_keep(r, text, &p->endpoint_url);
}

static int read_sign(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct profile *p = record;
        (void)rule;
        const struct key_table table = {sign_rules, sizeof(sign_rules) / sizeof(sign_rules[0]), "sign's", 0};
        if (reader_object(r, value, &table, record) < 0)
                return -1;
        for (size_t i = 0; i < p->sign.hosts_count; i++)
                for (char *c = p->sign.hosts[i]; *c; c++)
                        if (*c >= 'A' && *c <= 'Z')
                                *c = (char)(*c - 'A' + 'a');
        return 0;
}

static const char *const later_types[] = {"container", "imds", "process", "sso", "shared_config", "default_chain"};

static int read_type(struct reader *r, size_t node, enum profile_type *ret)
{
        struct suggestion near = {.word = {NULL, 0}};
        size_t value = json_get(r->doc, node, SLICE("type"));
        if (value == JSON_NONE) {
                reader_fail(r, node,
                            "found no \"type\", expected one of assume_role, roles_anywhere, static, web_identity");
                return error_hint(r->e, "add \"type\": \"web_identity\", or another of them");
        }
        if (json_kind(r->doc, value) != JSON_STRING)
                return reader_expected(r, value, "a profile type: assume_role, roles_anywhere, static, web_identity");
        near.word = json_raw(r->doc, value);
        for (unsigned i = 0; i < PROFILE_TYPE_COUNT; i++) {
                if (json_string_is(r->doc, value, slice_str(profile_type_name((enum profile_type)i)))) {
                        *ret = (enum profile_type)i;
                        return 0;
                }
                suggest_consider(&near, profile_type_name((enum profile_type)i));
        }
        for (size_t i = 0; i < sizeof(later_types) / sizeof(later_types[0]); i++) {
                if (json_string_is(r->doc, value, slice_str(later_types[i]))) {
                        reader_fail(r, value,
                                    "found \"%s\", which is not supported by this version; supported are "
                                    "assume_role, roles_anywhere, static, web_identity",
                                    later_types[i]);
                        return error_hint(r->e, "use a supported type, or take the profile out");
                }
        }
        reader_expected(r, value, "one of assume_role, roles_anywhere, static, web_identity");
        if (near.best)
                error_hint(r->e, "did you mean \"%s\"?", near.best);
        return -1;
}

static int require(struct reader *r, size_t node, const struct profile *p, const char *key, const void *value)
{
        if (value)
                return 0;
        reader_fail(r, node, "found no \"%s\", which a profile of type %s needs", key, profile_type_name(p->type));
        return error_hint(r->e, "add \"%s\" to this profile", key);
}

// One of `key` and `key`_file, not both; neither only when it is `optional`.
static int require_either(struct reader *r, size_t node, const char *key, bool has_value, bool has_file, bool optional)
{
        if (has_value && has_file) {
                reader_fail(r, node, "found both \"%s\" and \"%s_file\", expected one of them", key, key);
                return error_hint(r->e, "take one of the two out");
        }
        if (!has_value && !has_file && !optional) {
                reader_fail(r, node, "found neither \"%s\" nor \"%s_file\", expected one of them", key, key);
                return error_hint(r->e, "add \"%s_file\" with the path of a file that holds it", key);
        }
        return 0;
}

static int require_keys(struct reader *r, size_t node, const struct profile *p)
{
        switch (p->type) {
        case PROFILE_STATIC:
                if (require_either(r, node, "access_key_id", p->keys.access_key_id, p->keys.access_key_id_file, false) <
                        0 ||
                    require_either(r, node, "secret_access_key", p->keys.secret_access_key.n,
                                   p->keys.secret_access_key_file, false) < 0)
                        return -1;
                return require_either(r, node, "session_token", p->keys.session_token.n, p->keys.session_token_file,
                                      true);
        case PROFILE_WEB_IDENTITY:
                if (require(r, node, p, "role_arn", p->role.role_arn) < 0)
                        return -1;
                return require(r, node, p, "web_identity_token_file", p->web_identity_token_file);
        case PROFILE_ROLES_ANYWHERE:
                if (require(r, node, p, "trust_anchor_arn", p->roles_anywhere.trust_anchor_arn) < 0 ||
                    require(r, node, p, "profile_arn", p->roles_anywhere.profile_arn) < 0 ||
                    require(r, node, p, "role_arn", p->role.role_arn) < 0)
                        return -1;
                return require(r, node, p, "certificate", p->roles_anywhere.certificate);
        case PROFILE_ASSUME_ROLE:
                if (require(r, node, p, "source_profile", p->source_profile) < 0)
                        return -1;
                return require(r, node, p, "role_arn", p->role.role_arn);
        case PROFILE_TYPE_COUNT:
                break;
        }
        return 0;
}

int profile_read(struct reader *r, size_t node, char *name, struct profile *p)
{
        static const char *const what[] = {"a static profile's", "a web_identity profile's",
                                           "a roles_anywhere profile's", "an assume_role profile's"};
        p->name = name;
        if (json_kind(r->doc, node) != JSON_OBJECT)
                return reader_expected(r, node, "an object");
        if (read_type(r, node, &p->type) < 0)
                return -1;
        const struct key_table table = {rules, sizeof(rules) / sizeof(rules[0]), what[p->type], 1u << p->type};
        if (reader_object(r, node, &table, p) < 0)
                return -1;
        return require_keys(r, node, p);
}
