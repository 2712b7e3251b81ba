// SPDX-License-Identifier: Apache-2.0
// Owns the reading of one profile: its type, its keys by the table of profile_keys.c, and what its type needs.
#include "sidecar/config/profile_read.h"

#include "sidecar/config/suggest.h"

#define TYPES_TEXT                                                                                                     \
        "assume_role, container, default_chain, imds, process, roles_anywhere, shared_config, sso, static, "           \
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

static int require_static(struct reader *r, size_t node, const struct profile *p)
{
        if (p->secretsmanager.secret_id) {
                if (!p->keys.access_key_id && !p->keys.access_key_id_file && !p->keys.secret_access_key.n &&
                    !p->keys.secret_access_key_file && !p->keys.session_token.n && !p->keys.session_token_file)
                        return 0;
                reader_fail(r, node, "found both keys and \"secretsmanager\", expected one of them");
                return error_hint(r->e, "take one of the two out");
        }
        if (require_either(r, node, "access_key_id", p->keys.access_key_id, p->keys.access_key_id_file, false) < 0 ||
            require_either(r, node, "secret_access_key", p->keys.secret_access_key.n, p->keys.secret_access_key_file,
                           false) < 0)
                return -1;
        return require_either(r, node, "session_token", p->keys.session_token.n, p->keys.session_token_file, true);
}

// Exactly one of two keys.
static int require_one(struct reader *r, size_t node, const char *a, const void *has_a, const char *b,
                       const void *has_b)
{
        if (has_a && has_b) {
                reader_fail(r, node, "found both \"%s\" and \"%s\", expected one of them", a, b);
                return error_hint(r->e, "take one of the two out");
        }
        if (!has_a && !has_b) {
                reader_fail(r, node, "found neither \"%s\" nor \"%s\", expected one of them", a, b);
                return error_hint(r->e, "add \"%s\" to this profile", a);
        }
        return 0;
}

static int require_web_identity(struct reader *r, size_t node, const struct profile *p)
{
        if (require(r, node, p, "role_arn", p->role.role_arn) < 0)
                return -1;
        if (!p->web_identity.audience || p->web_identity.token_source)
                return p->web_identity.token_source || p->web_identity_token_file
                           ? require_one(r, node, "web_identity_token_file", p->web_identity_token_file,
                                         "web_identity_token_source", p->web_identity.token_source)
                           : require(r, node, p, "web_identity_token_file", NULL);
        reader_fail(r, node, "found \"audience\" without \"web_identity_token_source\"");
        return error_hint(r->e, "the audience of a token in a file is its issuer's to say: take \"audience\" out");
}

static int require_anywhere(struct reader *r, size_t node, const struct profile *p)
{
        if (require(r, node, p, "trust_anchor_arn", p->roles_anywhere.trust_anchor_arn) < 0 ||
            require(r, node, p, "profile_arn", p->roles_anywhere.profile_arn) < 0 ||
            require(r, node, p, "role_arn", p->role.role_arn) < 0)
                return -1;
        if (p->roles_anywhere.private_key_passphrase_file && p->roles_anywhere.private_key_passphrase_fd) {
                reader_fail(r, node, "found both \"private_key_passphrase_file\" and \"private_key_passphrase_fd\"");
                return error_hint(r->e, "take one of the two out");
        }
        if (p->roles_anywhere.pin_file &&
            (p->roles_anywhere.private_key_passphrase_file || p->roles_anywhere.private_key_passphrase_fd)) {
                reader_fail(r, node, "found both pin-source in a URI and \"private_key_passphrase_%s\"",
                            p->roles_anywhere.private_key_passphrase_fd ? "fd" : "file");
                return error_hint(r->e, "take one of the two out");
        }
        if (!p->roles_anywhere.pkcs12)
                return require(r, node, p, "certificate", p->roles_anywhere.certificate);
        if (!p->roles_anywhere.certificate && !p->roles_anywhere.private_key)
                return 0;
        reader_fail(r, node, "found \"pkcs12\" beside \"%s\", expected one of them",
                    p->roles_anywhere.certificate ? "certificate" : "private_key");
        return error_hint(r->e, "the PKCS#12 file holds certificate and key: take the other out");
}

static int require_sso(struct reader *r, size_t node, const struct profile *p)
{
        if (require(r, node, p, "sso_account_id", p->sso.account_id) < 0 ||
            require(r, node, p, "sso_role_name", p->sso.role_name) < 0)
                return -1;
        if (p->sso.session)
                return 0;
        if (require(r, node, p, "sso_start_url", p->sso.start_url) < 0)
                return -1;
        return require(r, node, p, "sso_region", p->sso.region);
}

static int require_keys(struct reader *r, size_t node, const struct profile *p)
{
        switch (p->type) {
        case PROFILE_STATIC:
                return require_static(r, node, p);
        case PROFILE_WEB_IDENTITY:
                return require_web_identity(r, node, p);
        case PROFILE_ROLES_ANYWHERE:
                return require_anywhere(r, node, p);
        case PROFILE_ASSUME_ROLE:
                if (p->source_profile || p->credential_source) {
                        if (require_one(r, node, "source_profile", p->source_profile, "credential_source",
                                        p->credential_source) < 0)
                                return -1;
                } else if (require(r, node, p, "source_profile", NULL) < 0) {
                        return -1;
                }
                return require(r, node, p, "role_arn", p->role.role_arn);
        case PROFILE_PROCESS:
                return require(r, node, p, "credential_process", p->credential_process);
        case PROFILE_SSO:
                return require_sso(r, node, p);
        case PROFILE_LOGIN:
                return require(r, node, p, "login_session", p->login.session);
        case PROFILE_CONTAINER:
        case PROFILE_IMDS:
        case PROFILE_SHARED_CONFIG:
        case PROFILE_DEFAULT_CHAIN:
        case PROFILE_TYPE_COUNT:
                break;
        }
        return 0;
}

int profile_read(struct reader *r, size_t node, char *name, struct profile *p)
{
        static const char *const what[PROFILE_TYPE_COUNT] = {
            "a static profile's",        "a web_identity profile's", "a roles_anywhere profile's",
            "an assume_role profile's",  "a container profile's",    "an imds profile's",
            "a process profile's",       "an sso profile's",         "a login profile's",
            "a shared_config profile's", "a default_chain profile's"};
        size_t rules_count;
        const struct key_rule *rules = profile_rules(&rules_count);
        p->name = name;
        if (json_kind(r->doc, node) != JSON_OBJECT)
                return reader_expected(r, node, "an object");
        if (read_type(r, node, &p->type) < 0)
                return -1;
        p->declared_type = p->type;
        const struct key_table table = {rules, rules_count, what[p->type], 1u << p->type};
        if (reader_object(r, node, &table, p) < 0)
                return -1;
        return require_keys(r, node, p);
}
