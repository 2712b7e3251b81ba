// SPDX-License-Identifier: Apache-2.0
// What the configuration says, as plain data: immutable after load. Strings are NUL-terminated, owned by the settings
// they came with, NULL when absent. Paths are absolute. Secrets lie in secret memory of the settings. Whoever needs a
// profile for longer than a call holds it, and with it its settings.
#ifndef SIDECAR_CONFIG_PROFILE_H
#define SIDECAR_CONFIG_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/mem/secret.h"
#include "sidecar/base/allow.h"
#include "sidecar/base/chain_link.h"
#include "sidecar/base/sign_limits.h"

// The last two are configured, but never what a complete profile is: they become one of the others.
enum profile_type {
        PROFILE_STATIC,
        PROFILE_WEB_IDENTITY,
        PROFILE_ROLES_ANYWHERE,
        PROFILE_ASSUME_ROLE,
        PROFILE_CONTAINER,
        PROFILE_IMDS,
        PROFILE_PROCESS,
        PROFILE_SSO,
        PROFILE_LOGIN,
        PROFILE_SHARED_CONFIG,
        PROFILE_DEFAULT_CHAIN,
        PROFILE_TYPE_COUNT
};

struct settings;

struct name_value {
        char *name, *value;
};

// Parameters that the STS operations share.
struct role_settings {
        char *role_arn;
        char *role_session_name;       // never NULL for types that need one: a default was made
        bool has_derived_session_name; // from the profile's name, that is
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
        char *mfa_serial; // assume_role: a user enters the code
};

enum sts_regional_endpoints { STS_ENDPOINTS_UNSET, STS_ENDPOINTS_REGIONAL, STS_ENDPOINTS_LEGACY };
enum choice { CHOICE_UNSET, CHOICE_NO, CHOICE_YES };

struct profile {
        struct settings *settings; // that it is one of; NULL while they are being made
        char *name;
        enum profile_type type;          // how credentials are obtained
        enum profile_type declared_type; // what was configured: `type`, shared_config or default_chain
        bool on_demand;                  // refreshed when asked for, not ahead of time
        // Made as the source of another profile, and named after it with a "/" (which no configured name has): it is
        // not shown, and clients cannot ask for it.
        bool is_implied;
        char *stands_for; // of an implied one: the shown profile that it was first made for
        char *fault;      // why it cannot be used, in words (an AWS profile that is broken); NULL: it can
        char *fault_hint;
        // Where the settings of a shared_config or default_chain come from: the links that do not apply, in order, and
        // why, then the one that does.
        struct chain_link *chain;
        size_t chain_count;

        char *region;        // where the credentials are used; NULL: unknown
        char *issuer_region; // where they are issued: sts_region, the trust anchor's region, or `region`
        char *endpoint_url;  // base URL of the issuing service without a slash at its end, derived when not configured
        // Of a shared file (services section, endpoint_url): used where the environment has none. NULL: none.
        char *shared_endpoint_url;
        unsigned aws_partition; // whose endpoints (endpoints.h) follow from AWS's rules; 0: one of them is configured,
                                // or there are none
        // The STS that is called with the credentials, for web identity tokens; sts_endpoint.h says where it is.
        struct {
                char *endpoint_url; // configured; NULL: by AWS's rules, in this variant of endpoints.h:
                unsigned variant;
                char *shared_endpoint_url; // of a shared file, as above; NULL: none
                char *fault;               // why it cannot be called; NULL: it can
        } sts;
        char *ca_bundle;
        int64_t connect_timeout_ms, read_timeout_ms; // 0: default
        int64_t refresh_before_seconds;              // 0: default
        enum choice use_fips_endpoint, use_dualstack_endpoint;
        bool ignores_configured_endpoint_urls; // of a shared file: goes for the environment's, too
        enum sts_regional_endpoints sts_regional_endpoints;

        struct allow_rule *allow;
        size_t allow_count; // 0: every user who can connect
        struct sign_limits sign;

        struct role_settings role; // assume_role, web_identity; roles_anywhere uses role_arn, session name, duration

        char *source_profile;    // assume_role, and static with secretsmanager
        char *credential_source; // assume_role: "Environment", "EcsContainer", "Ec2InstanceMetadata"; once complete,
                                 // source_profile names the implied profile for it
        char *web_identity_token_file;
        struct {
                char *token_source; // "github_actions", or NULL: the file
                char *audience;
                char *request_url;           // the environment's ACTIONS_ID_TOKEN_REQUEST_URL
                struct secret request_token; // and ACTIONS_ID_TOKEN_REQUEST_TOKEN
        } web_identity;
        struct {
                char *relative_uri, *full_uri; // as configured, or from the environment
                char *url;                     // what to ask, complete
                char *authorization_token_file;
                struct secret authorization_token;
        } container;
        struct {
                char *endpoint;      // base URL without a slash at its end
                char *endpoint_mode; // "IPv4", "IPv6"
                bool is_disabled;    // AWS_EC2_METADATA_DISABLED
        } imds;
        char *credential_process;
        char *shared_profile; // shared_config, default_chain: its name in ~/.aws/config; NULL: AWS_PROFILE, "default"
        struct {
                char *session; // name of the [sso-session], or NULL: the older form without one
                char *start_url, *region, *account_id, *role_name, *registration_scopes;
                char *cache_directory;   // ~/.aws/sso/cache
                char *oidc_endpoint_url; // base URL of the token service; endpoint_url is the portal's
        } sso;
        struct {
                char *session;            // what it was logged in as: an ARN, which names the file
                char *profile;            // in ~/.aws/config; NULL: it does not come from there
                char *cache_directory;    // ~/.aws/login/cache
                bool has_custom_endpoint; // else the region that the token names goes before issuer_region,
                unsigned variant;         // and this is which of its endpoints (endpoints.h)
        } login;
        struct {
                char *trust_anchor_arn, *profile_arn;
                char *certificate, *certificate_chain, *private_key_passphrase_file;
                char *private_key;                 // a path or a URI; the certificate's file when none was configured
                char *pkcs12;                      // a file that holds certificate, chain and key; or NULL
                char *pkcs11_module, *pin_file;    // module-path and pin-source of pkcs11: URIs; or NULL
                int64_t private_key_passphrase_fd; // a descriptor that was inherited; 0: none
                struct secret private_key_passphrase; // what the agent read from it at its start; borrowed from there
                struct name_value *instance_properties;
                size_t instance_properties_count;
        } roles_anywhere;
        struct {
                char *access_key_id_file, *secret_access_key_file, *session_token_file;
                char *access_key_id;
                struct secret secret_access_key, session_token;
                char *account_id; // 12 digits, or NULL
                char *expiration; // RFC 3339, or NULL: they do not end (AWS_CREDENTIAL_EXPIRATION)
        } keys;                   // static
        struct {
                char *secret_id, *version_id, *version_stage; // secret_id NULL: not from there
                char *access_key_id_field, *secret_access_key_field, *session_token_field;
        } secretsmanager; // static
};

// One reference on the profile's settings more, or less. From any thread; nothing happens to a profile without
// settings. NULL is fine.
void profile_hold(const struct profile *p);
void profile_release(const struct profile *p);

const char *profile_type_name(enum profile_type type); // "assume_role"

// Its name; of an implied profile, the name of a shown one that uses it: what clients can ask for.
const char *profile_shown_name(const struct profile *p);

// Equal in everything that decides which credentials are obtained (not allow, sign, refresh settings, time-outs,
// ca_bundle): then a reload keeps the entry and its credentials.
bool profile_same_identity(const struct profile *a, const struct profile *b);
// The same, but another endpoint of the same service in the same partition by AWS's rules is equal, too; a configured
// endpoint must be the same. Names of implied profiles count as equal where they differ only by such settings. The
// caller compares the sources.
bool profile_same_but_endpoint(const struct profile *a, const struct profile *b);
#endif
