// SPDX-License-Identifier: Apache-2.0
// What the configuration says, as plain data: immutable after load. Strings are NUL-terminated, owned by the settings
// they came with, NULL when absent. Paths are absolute. Secrets lie in secret memory of the settings: borrowed, never
// cleared here.
#ifndef SIDECAR_CONFIG_PROFILE_H
#define SIDECAR_CONFIG_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/mem/secret.h"
#include "sidecar/base/allow.h"

enum profile_type {
        PROFILE_STATIC,
        PROFILE_WEB_IDENTITY,
        PROFILE_ROLES_ANYWHERE,
        PROFILE_ASSUME_ROLE,
        PROFILE_TYPE_COUNT
};

struct name_value {
        char *name, *value;
};

// Parameters that the STS operations share.
struct role_settings {
        char *role_arn;
        char *role_session_name; // never NULL for types that need one: a default was made
        char *external_id;
        int64_t duration_seconds; // 0: not sent
        char *policy;             // JSON text
        char **policy_arns;
        size_t policy_arns_count;
        struct name_value *tags;
        size_t tags_count;
        char **transitive_tag_keys;
        size_t transitive_tag_keys_count;
        char *source_identity;
};

struct profile {
        char *name;
        enum profile_type type;
        bool on_demand; // refreshed when asked for, not ahead of time

        char *region;        // where the credentials are used; NULL: unknown
        char *issuer_region; // where they are issued: sts_region, the trust anchor's region, or `region`
        char *endpoint_url;  // base URL of the issuing service without a slash at its end, derived when not configured
        char *ca_bundle;
        int64_t connect_timeout_ms, read_timeout_ms; // 0: default
        int64_t refresh_before_seconds;              // 0: default

        struct allow_rule *allow;
        size_t allow_count; // 0: whoever may connect
        struct {
                char *service, *region;
                char **hosts; // "*.suffix" or exact, lower case; none: any
                size_t hosts_count;
                char **paths; // prefixes; none: any
                size_t paths_count;
        } sign;

        struct role_settings role; // assume_role, web_identity; roles_anywhere uses role_arn, session name, duration

        char *source_profile; // assume_role
        char *web_identity_token_file;
        struct {
                char *trust_anchor_arn, *profile_arn;
                char *certificate, *certificate_chain, *private_key_passphrase_file;
                char *private_key; // the certificate's file when none was configured
                struct name_value *instance_properties;
                size_t instance_properties_count;
        } roles_anywhere;
        struct {
                char *access_key_id_file, *secret_access_key_file, *session_token_file;
                char *access_key_id;
                struct secret secret_access_key, session_token;
        } keys; // static
};

const char *profile_type_name(enum profile_type type); // "assume_role"

// Equal in all that decides how credentials are obtained (not allow, sign, refresh settings): an entry whose profile
// is equal keeps its credentials over a reload.
bool profile_same_identity(const struct profile *a, const struct profile *b);
// Equal in everything.
bool profile_same(const struct profile *a, const struct profile *b);

#endif
