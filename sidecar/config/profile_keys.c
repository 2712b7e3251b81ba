// SPDX-License-Identifier: Apache-2.0
// Owns the table of a profile's keys, and the getters of those that need their own.
#include "sidecar/config/profile_read.h"

#include <stddef.h>

#include "proto/mem/length.h"
#include "sidecar/config/allow_read.h"
#include "sidecar/config/arn.h"
#include "sidecar/config/command_words.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/key_source.h"
#include "sidecar/config/session_name.h"
#include "sidecar/config/sign_read.h"
#include "sidecar/config/values.h"

#define STATIC (1u << PROFILE_STATIC)
#define WEB (1u << PROFILE_WEB_IDENTITY)
#define ANYWHERE (1u << PROFILE_ROLES_ANYWHERE)
#define ASSUME (1u << PROFILE_ASSUME_ROLE)
#define CONTAINER (1u << PROFILE_CONTAINER)
#define IMDS (1u << PROFILE_IMDS)
#define PROCESS (1u << PROFILE_PROCESS)
#define SSO (1u << PROFILE_SSO)
#define LOGIN (1u << PROFILE_LOGIN)
#define SHARED (1u << PROFILE_SHARED_CONFIG)
#define CHAIN (1u << PROFILE_DEFAULT_CHAIN)

#define DURATION_MIN_S 900
#define DURATION_MAX_S 43200
#define TIMEOUT_MAX_MS 600000
#define REFRESH_BEFORE_MIN_S 60
#define POLICY_ARNS_MAX 10
#define TAGS_MAX 50
#define LIST_MAX 1000
#define DESCRIPTOR_MAX 1023

static key_read_fn read_refresh, read_endpoint, read_sign, read_choice, read_sts_endpoints, read_policy,
    read_secretsmanager;

#define FIELD(member) .offset = offsetof(struct profile, member)
#define TYPE_OF(member)                                                                                                \
        _Generic(((struct profile *)NULL)->member, char *: FIELD_TEXT, int64_t: FIELD_NUMBER,                          \
                 struct secret: FIELD_SECRET, char **: FIELD_TEXTS, struct name_value *: FIELD_PAIRS)
// Of a field that decides which credentials are obtained. How the issuer is called is no such field: it is changed when
// calls fail, and then the credentials that are held are all there is.
#define IDENTITY(member) FIELD(member), .identity = TYPE_OF(member)
#define LIST(member)                                                                                                   \
        .offset = offsetof(struct profile, member), .count_offset = offsetof(struct profile, member##_count)
#define IDENTITY_LIST(member) LIST(member), .identity = TYPE_OF(member)
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
    {"use_fips_endpoint", 0, read_choice, FIELD(use_fips_endpoint)},
    {"use_dualstack_endpoint", 0, read_choice, FIELD(use_dualstack_endpoint)},
    {"sts_regional_endpoints", 0, read_sts_endpoints, FIELD(sts_regional_endpoints)},
    {.key = "allow", .read = allow_read},
    {.key = "sign", .read = read_sign},

    {"source_profile", ASSUME, reader_string, IDENTITY(source_profile),
     TEXT(values_is_any, "the name of another profile")},
    {"credential_source", ASSUME, reader_string, FIELD(credential_source),
     TEXT(values_is_credential_source, "one of Environment, EcsContainer, Ec2InstanceMetadata")},
    {"mfa_serial", ASSUME, reader_string, IDENTITY(role.mfa_serial),
     TEXT(values_is_mfa_serial, "9 to 256 of A-Z a-z 0-9 _ + = / : , . @ - (arn:aws:iam::111122223333:mfa/NAME)")},
    {"role_arn", WEB | ANYWHERE | ASSUME, reader_string, IDENTITY(role.role_arn),
     TEXT(arn_is_role, "an IAM role ARN (arn:aws:iam::111122223333:role/NAME)")},
    {"role_session_name", WEB | ANYWHERE | ASSUME, reader_string, IDENTITY(role.role_session_name),
     TEXT(session_name_is_valid, "2 to 64 of A-Z a-z 0-9 _ + = , . @ -")},
    {"external_id", ASSUME, reader_string, IDENTITY(role.external_id),
     TEXT(values_is_external_id, "2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -")},
    {"duration_seconds", WEB | ANYWHERE | ASSUME, reader_integer, IDENTITY(role.duration_seconds),
     RANGE(DURATION_MIN_S, DURATION_MAX_S, " (seconds)")},
    {"policy", WEB | ASSUME, read_policy, IDENTITY(role.policy)},
    {"policy_arns", WEB | ASSUME, reader_strings, IDENTITY_LIST(role.policy_arns),
     TEXT(arn_is_policy, "an IAM policy ARN (arn:aws:iam::aws:policy/NAME)"), .max = POLICY_ARNS_MAX},
    {"tags", ASSUME, reader_pairs, IDENTITY_LIST(role.tags), TEXT(values_is_tag_value, EXPECT_TAG),
     .is_valid_name = values_is_tag_key, .max = TAGS_MAX},
    {"transitive_tag_keys", ASSUME, reader_strings, IDENTITY_LIST(role.transitive_tag_keys),
     TEXT(values_is_tag_key, "the key of a tag"), .max = TAGS_MAX},
    {"source_identity", ASSUME, reader_string, IDENTITY(role.source_identity),
     TEXT(session_name_is_valid, "2 to 64 of A-Z a-z 0-9 _ + = , . @ -")},

    {"web_identity_token_file", WEB, reader_new_path, IDENTITY(web_identity_token_file), .is_secret = true},
    {"web_identity_token_source", WEB, reader_string, IDENTITY(web_identity.token_source),
     TEXT(values_is_token_source, "\"github_actions\"")},
    {"audience", WEB, reader_string, IDENTITY(web_identity.audience),
     TEXT(values_is_any, "a string that is not empty")},

    {"trust_anchor_arn", ANYWHERE, reader_string, IDENTITY(roles_anywhere.trust_anchor_arn),
     TEXT(arn_is_trust_anchor, "a trust anchor's ARN (arn:aws:rolesanywhere:REGION:111122223333:trust-anchor/ID)")},
    {"profile_arn", ANYWHERE, reader_string, IDENTITY(roles_anywhere.profile_arn),
     TEXT(arn_is_roles_anywhere_profile,
          "a Roles Anywhere profile's ARN (arn:aws:rolesanywhere:REGION:111122223333:profile/ID)")},
    {"certificate", ANYWHERE, key_source_certificate, IDENTITY(roles_anywhere.certificate)},
    {"certificate_chain", ANYWHERE, reader_path, IDENTITY(roles_anywhere.certificate_chain)},
    {"private_key", ANYWHERE, key_source_read, IDENTITY(roles_anywhere.private_key), .is_secret = true},
    {"private_key_passphrase_file", ANYWHERE, reader_path, IDENTITY(roles_anywhere.private_key_passphrase_file),
     .is_secret = true},
    {"private_key_passphrase_fd", ANYWHERE, reader_integer, IDENTITY(roles_anywhere.private_key_passphrase_fd),
     RANGE(3, DESCRIPTOR_MAX, " (a descriptor that the agent inherits)")},
    {"pkcs12", ANYWHERE, reader_path, IDENTITY(roles_anywhere.pkcs12), .is_secret = true},
    {"instance_properties", ANYWHERE, reader_pairs, IDENTITY_LIST(roles_anywhere.instance_properties),
     TEXT(values_is_any, "a string that is not empty"), .is_valid_name = values_is_any, .max = LIST_MAX},

    {"access_key_id", STATIC, reader_hidden_string, IDENTITY(keys.access_key_id),
     TEXT(values_is_access_key_id, "an access key ID, 1 to 128 letters and digits")},
    {"access_key_id_file", STATIC, reader_path, IDENTITY(keys.access_key_id_file)},
    {"secret_access_key", STATIC, reader_secret, IDENTITY(keys.secret_access_key),
     TEXT(values_is_secret_access_key, "a secret access key without blanks")},
    {"secret_access_key_file", STATIC, reader_path, IDENTITY(keys.secret_access_key_file), .is_secret = true},
    {"session_token", STATIC, reader_secret, IDENTITY(keys.session_token),
     TEXT(values_is_session_token, "a session token without blanks")},
    {"session_token_file", STATIC, reader_path, IDENTITY(keys.session_token_file), .is_secret = true},
    {.key = "secretsmanager", .types = STATIC, .read = read_secretsmanager},

    {"aws_container_credentials_relative_uri", CONTAINER, reader_string, FIELD(container.relative_uri),
     TEXT(values_is_path_and_query, "a path that begins with /")},
    {"aws_container_credentials_full_uri", CONTAINER, reader_string, FIELD(container.full_uri),
     TEXT(values_is_any, "a URL (http://169.254.170.23/v1/credentials)")},
    {"aws_container_authorization_token", CONTAINER, reader_secret, IDENTITY(container.authorization_token),
     TEXT(values_is_authorization, "a token without line breaks")},
    {"aws_container_authorization_token_file", CONTAINER, reader_new_path, IDENTITY(container.authorization_token_file),
     .is_secret = true},

    {"endpoint", IMDS, reader_string, IDENTITY(imds.endpoint), TEXT(values_is_any, "a URL (http://169.254.169.254)")},
    {"endpoint_mode", IMDS, reader_string, FIELD(imds.endpoint_mode),
     TEXT(values_is_endpoint_mode, "\"IPv4\" or \"IPv6\"")},

    {"credential_process", PROCESS, reader_hidden_string, IDENTITY(credential_process),
     TEXT(command_words_are_sound, "a command and its arguments, every quotation mark closed")},

    {"sso_session", SSO, reader_string, IDENTITY(sso.session), TEXT(values_is_any, "the name of an [sso-session]")},
    {"sso_start_url", SSO, reader_string, IDENTITY(sso.start_url),
     TEXT(values_is_any, "the address of the access portal (https://NAME.awsapps.com/start)")},
    {"sso_region", SSO, reader_string, IDENTITY(sso.region), TEXT(endpoints_is_region, EXPECT_REGION)},
    {"sso_account_id", SSO, reader_string, IDENTITY(sso.account_id), TEXT(values_is_account_id, "12 digits")},
    {"sso_role_name", SSO, reader_string, IDENTITY(sso.role_name), TEXT(values_is_any, "the name of a permission set")},
    {"sso_registration_scopes", SSO, reader_string, IDENTITY(sso.registration_scopes),
     TEXT(values_is_any, "scopes with commas between them (sso:account:access)")},

    {"login_session", LOGIN, reader_string, IDENTITY(login.session),
     TEXT(values_is_any, "what was logged in as (arn:aws:iam::111122223333:user/NAME)")},

    {"profile", SHARED | CHAIN, reader_string, FIELD(shared_profile),
     TEXT(values_is_any, "the name of a profile of ~/.aws/config")},
};

static const struct key_rule secretsmanager_rules[] = {
    {"secret_id", 0, reader_string, IDENTITY(secretsmanager.secret_id),
     TEXT(values_is_any, "the name or the ARN of a secret")},
    {"source_profile", 0, reader_string, IDENTITY(source_profile), TEXT(values_is_any, "the name of another profile")},
    {"version_id", 0, reader_string, IDENTITY(secretsmanager.version_id), TEXT(values_is_any, "the ID of a version")},
    {"version_stage", 0, reader_string, IDENTITY(secretsmanager.version_stage),
     TEXT(values_is_any, "the label of a version (AWSCURRENT)")},
    {"access_key_id_field", 0, reader_string, IDENTITY(secretsmanager.access_key_id_field),
     TEXT(values_is_any, "the name of a member of the secret")},
    {"secret_access_key_field", 0, reader_string, IDENTITY(secretsmanager.secret_access_key_field),
     TEXT(values_is_any, "the name of a member of the secret")},
    {"session_token_field", 0, reader_string, IDENTITY(secretsmanager.session_token_field),
     TEXT(values_is_any, "the name of a member of the secret")},
};

const struct key_rule *profile_rules(size_t *ret_count)
{
        *ret_count = LENGTH(rules);
        return rules;
}

const struct key_rule *profile_secretsmanager_rules(size_t *ret_count)
{
        *ret_count = LENGTH(secretsmanager_rules);
        return secretsmanager_rules;
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
        return sign_read(r, value, &p->sign);
}

// An object, whose source text is kept, or a string that holds one.
static int read_policy(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        enum json_kind kind = json_kind(r->doc, value);
        struct slice text = json_raw(r->doc, value);
        struct json_fault fault = {.no_memory = false};
        if (kind == JSON_STRING) {
                struct json_doc doc;
                if (reader_text(r, value, &text) < 0)
                        return -1;
                json_doc_init(&doc);
                if (json_parse(&doc, text, &fault) == 0)
                        kind = json_kind(&doc, JSON_ROOT);
                json_doc_free(&doc);
        }
        if (fault.no_memory)
                return reader_no_memory(r);
        if (kind == JSON_OBJECT && values_is_policy_text(text))
                return reader_keep(r, text, reader_field(record, rule->offset));
        return reader_expected(r, value,
                               "an IAM policy: a JSON object, or a string that holds one, in characters up to U+00FF");
}

static int read_choice(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        enum json_kind kind = json_kind(r->doc, value);
        if (kind != JSON_TRUE && kind != JSON_FALSE)
                return reader_expected(r, value, "true or false");
        *(enum choice *)reader_field(record, rule->offset) = kind == JSON_TRUE ? CHOICE_YES : CHOICE_NO;
        return 0;
}

static int read_sts_endpoints(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct profile *p = record;
        (void)rule;
        if (json_string_is(r->doc, value, SLICE("regional")))
                p->sts_regional_endpoints = STS_ENDPOINTS_REGIONAL;
        else if (json_string_is(r->doc, value, SLICE("legacy")))
                p->sts_regional_endpoints = STS_ENDPOINTS_LEGACY;
        else
                return reader_expected(r, value, "\"regional\" or \"legacy\"");
        return 0;
}

static int read_secretsmanager(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        (void)rule;
        const struct key_table table = {secretsmanager_rules, LENGTH(secretsmanager_rules), "\"secretsmanager\"", NULL,
                                        0};
        if (reader_object(r, value, &table, record) < 0)
                return -1;
        bool has_id = json_get(r->doc, value, SLICE("secret_id")) != JSON_NONE;
        if (has_id && json_get(r->doc, value, SLICE("source_profile")) != JSON_NONE)
                return 0;
        const char *missing = has_id ? "source_profile" : "secret_id";
        reader_fail(r, value, "found no \"%s\", which secretsmanager needs", missing);
        return error_hint(r->e, "add \"%s\"", missing);
}
