// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/profile.h"

#include <assert.h>
#include <string.h>

#include "sidecar/config/settings.h"

static const char *const type_names[] = {"static",    "web_identity",  "roles_anywhere", "assume_role",
                                         "container", "imds",          "process",        "sso",
                                         "login",     "shared_config", "default_chain"};

static_assert(sizeof(type_names) / sizeof(type_names[0]) == PROFILE_TYPE_COUNT, "name every type");

void profile_hold(const struct profile *p)
{
        if (p && p->settings)
                settings_hold(p->settings);
}

void profile_release(const struct profile *p)
{
        if (p)
                settings_release(p->settings);
}

const char *profile_type_name(enum profile_type type)
{
        return type_names[type];
}

const char *profile_shown_name(const struct profile *p)
{
        return p->stands_for ? p->stands_for : p->name;
}

static bool same_text(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_secret(const struct secret *a, const struct secret *b)
{
        return slice_eq_constant_time(secret_expose(a), secret_expose(b));
}

static bool same_list(char *const *a, size_t a_count, char *const *b, size_t b_count)
{
        if (a_count != b_count)
                return false;
        for (size_t i = 0; i < a_count; i++)
                if (!same_text(a[i], b[i]))
                        return false;
        return true;
}

static bool same_pairs(const struct name_value *a, size_t a_count, const struct name_value *b, size_t b_count)
{
        if (a_count != b_count)
                return false;
        for (size_t i = 0; i < a_count; i++)
                if (!same_text(a[i].name, b[i].name) || !same_text(a[i].value, b[i].value))
                        return false;
        return true;
}

static bool same_role(const struct role_settings *a, const struct role_settings *b)
{
        return same_text(a->role_arn, b->role_arn) && same_text(a->role_session_name, b->role_session_name) &&
               same_text(a->external_id, b->external_id) && a->duration_seconds == b->duration_seconds &&
               same_text(a->policy, b->policy) && same_text(a->source_identity, b->source_identity) &&
               same_text(a->mfa_serial, b->mfa_serial) &&
               same_list(a->policy_arns, a->policy_arns_count, b->policy_arns, b->policy_arns_count) &&
               same_pairs(a->tags, a->tags_count, b->tags, b->tags_count) &&
               same_list(a->transitive_tag_keys, a->transitive_tag_keys_count, b->transitive_tag_keys,
                         b->transitive_tag_keys_count);
}

static bool same_issuer(const struct profile *a, const struct profile *b)
{
        return same_text(a->issuer_region, b->issuer_region) && same_text(a->endpoint_url, b->endpoint_url);
}

// How it is called, which says nothing of what it issues. These are changed when calls fail, and then what is held is
// all there is.
static bool same_calls(const struct profile *a, const struct profile *b)
{
        return same_text(a->ca_bundle, b->ca_bundle) && a->connect_timeout_ms == b->connect_timeout_ms &&
               a->read_timeout_ms == b->read_timeout_ms;
}

static bool same_anywhere(const struct profile *x, const struct profile *y)
{
        const __typeof__(x->roles_anywhere) *a = &x->roles_anywhere, *b = &y->roles_anywhere;
        return same_text(a->trust_anchor_arn, b->trust_anchor_arn) && same_text(a->profile_arn, b->profile_arn) &&
               same_text(a->certificate, b->certificate) && same_text(a->certificate_chain, b->certificate_chain) &&
               same_text(a->private_key, b->private_key) && same_text(a->pkcs12, b->pkcs12) &&
               a->private_key_passphrase_fd == b->private_key_passphrase_fd &&
               same_text(a->private_key_passphrase_file, b->private_key_passphrase_file) &&
               same_text(a->pkcs11_module, b->pkcs11_module) &&
               same_pairs(a->instance_properties, a->instance_properties_count, b->instance_properties,
                          b->instance_properties_count);
}

static bool same_keys(const struct profile *x, const struct profile *y)
{
        const __typeof__(x->keys) *a = &x->keys, *b = &y->keys;
        return same_text(a->access_key_id, b->access_key_id) &&
               same_text(a->access_key_id_file, b->access_key_id_file) &&
               same_text(a->secret_access_key_file, b->secret_access_key_file) &&
               same_text(a->session_token_file, b->session_token_file) &&
               same_secret(&a->secret_access_key, &b->secret_access_key) &&
               same_secret(&a->session_token, &b->session_token) && same_text(a->account_id, b->account_id) &&
               same_text(a->expiration, b->expiration);
}

static bool same_secretsmanager(const struct profile *x, const struct profile *y)
{
        const __typeof__(x->secretsmanager) *a = &x->secretsmanager, *b = &y->secretsmanager;
        return same_text(a->secret_id, b->secret_id) && same_text(a->version_id, b->version_id) &&
               same_text(a->version_stage, b->version_stage) &&
               same_text(a->access_key_id_field, b->access_key_id_field) &&
               same_text(a->secret_access_key_field, b->secret_access_key_field) &&
               same_text(a->session_token_field, b->session_token_field);
}

static bool same_web_identity(const struct profile *x, const struct profile *y)
{
        const __typeof__(x->web_identity) *a = &x->web_identity, *b = &y->web_identity;
        return same_text(x->web_identity_token_file, y->web_identity_token_file) &&
               same_text(a->token_source, b->token_source) && same_text(a->audience, b->audience) &&
               same_text(a->request_url, b->request_url) && same_secret(&a->request_token, &b->request_token);
}

static bool same_host_sources(const struct profile *a, const struct profile *b)
{
        return same_text(a->container.url, b->container.url) &&
               same_text(a->container.authorization_token_file, b->container.authorization_token_file) &&
               same_secret(&a->container.authorization_token, &b->container.authorization_token) &&
               same_text(a->imds.endpoint, b->imds.endpoint) && a->imds.is_disabled == b->imds.is_disabled &&
               same_text(a->credential_process, b->credential_process) && same_text(a->fault, b->fault);
}

static bool same_sso(const struct profile *x, const struct profile *y)
{
        const __typeof__(x->sso) *a = &x->sso, *b = &y->sso;
        return same_text(a->session, b->session) && same_text(a->start_url, b->start_url) &&
               same_text(a->region, b->region) && same_text(a->account_id, b->account_id) &&
               same_text(a->role_name, b->role_name) && same_text(a->registration_scopes, b->registration_scopes) &&
               same_text(a->cache_directory, b->cache_directory) &&
               same_text(a->oidc_endpoint_url, b->oidc_endpoint_url);
}

static bool same_login(const struct profile *x, const struct profile *y)
{
        const __typeof__(x->login) *a = &x->login, *b = &y->login;
        return same_text(a->session, b->session) && same_text(a->cache_directory, b->cache_directory) &&
               a->has_custom_endpoint == b->has_custom_endpoint && a->variant == b->variant;
}

// Whether it is a service of AWS, in one of its regions, that issues them.
static bool has_issuer(const struct profile *p)
{
        switch (p->type) {
        case PROFILE_STATIC:
                return p->secretsmanager.secret_id;
        case PROFILE_CONTAINER:
        case PROFILE_IMDS:
        case PROFILE_PROCESS:
                return false;
        default:
                return true;
        }
}

bool profile_same_identity(const struct profile *a, const struct profile *b)
{
        return same_text(a->name, b->name) && a->type == b->type && (!has_issuer(a) || same_issuer(a, b)) &&
               same_role(&a->role, &b->role) && same_text(a->source_profile, b->source_profile) &&
               same_web_identity(a, b) && same_anywhere(a, b) && same_keys(a, b) && same_secretsmanager(a, b) &&
               same_host_sources(a, b) && same_sso(a, b) && same_login(a, b);
}

// Names of implied profiles have a stem and, after the last slash, what tells their settings.
static bool same_stem(const char *a, const char *b)
{
        const char *a_end = a ? strrchr(a, '/') : NULL, *b_end = b ? strrchr(b, '/') : NULL;
        return same_text(a, b) || (a_end && b_end && a_end - a == b_end - b && memcmp(a, b, (size_t)(a_end - a)) == 0);
}

bool profile_same_but_endpoint(const struct profile *a, const struct profile *b)
{
        struct profile moved = *b; // what may differ becomes that of `a`
        if (!same_stem(a->name, b->name) || !same_stem(a->source_profile, b->source_profile))
                return false;
        moved.name = a->name;
        moved.source_profile = a->source_profile;
        if (a->is_implied && b->is_implied && a->role.has_derived_session_name && b->role.has_derived_session_name)
                moved.role.role_session_name = a->role.role_session_name;
        if (a->aws_partition && a->aws_partition == b->aws_partition) {
                moved.endpoint_url = a->endpoint_url;
                moved.sso.oidc_endpoint_url = a->sso.oidc_endpoint_url;
                moved.login.variant = a->login.variant;
                if (a->type != PROFILE_STATIC) // a secret of the same name elsewhere is another secret
                        moved.issuer_region = a->issuer_region;
        }
        return profile_same_identity(a, &moved);
}

static bool same_allow(const struct profile *a, const struct profile *b)
{
        if (a->allow_count != b->allow_count)
                return false;
        for (size_t i = 0; i < a->allow_count; i++) {
                const struct allow_rule *x = &a->allow[i], *y = &b->allow[i];
                if (x->scopes != y->scopes || x->uids_count != y->uids_count || x->gids_count != y->gids_count)
                        return false;
                for (size_t j = 0; j < x->uids_count; j++)
                        if (x->uids[j] != y->uids[j])
                                return false;
                for (size_t j = 0; j < x->gids_count; j++)
                        if (x->gids[j] != y->gids[j])
                                return false;
        }
        return true;
}

static bool same_chain(const struct profile *a, const struct profile *b)
{
        if (a->chain_count != b->chain_count || a->declared_type != b->declared_type)
                return false;
        for (size_t i = 0; i < a->chain_count; i++)
                if (!same_text(a->chain[i].name, b->chain[i].name) ||
                    !same_text(a->chain[i].outcome, b->chain[i].outcome))
                        return false;
        return true;
}

static bool same_sign(const struct profile *a, const struct profile *b)
{
        return same_text(a->sign.service, b->sign.service) && same_text(a->sign.region, b->sign.region) &&
               same_list(a->sign.hosts, a->sign.hosts_count, b->sign.hosts, b->sign.hosts_count) &&
               same_list(a->sign.paths, a->sign.paths_count, b->sign.paths, b->sign.paths_count);
}

bool profile_same(const struct profile *a, const struct profile *b)
{
        return profile_same_identity(a, b) && same_text(a->region, b->region) && same_issuer(a, b) &&
               same_calls(a, b) && a->on_demand == b->on_demand &&
               a->refresh_before_seconds == b->refresh_before_seconds && same_allow(a, b) && same_sign(a, b) &&
               same_chain(a, b);
}
