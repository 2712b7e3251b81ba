// SPDX-License-Identifier: Apache-2.0
// The configuration file: JSON by proto/config.schema.json, read into plain data, checked whole. Refuses unknown and
// duplicate keys, wrong types, values out of AWS's limits, missing files, circles of source profiles; names file,
// line, JSON path, what it found and what it expects.
#ifndef SIDECAR_CONFIG_SETTINGS_H
#define SIDECAR_CONFIG_SETTINGS_H

#include "sidecar/base/error.h"
#include "sidecar/config/profile.h"

struct env;

struct listener_settings {
        char *unix_path;
        mode_t mode;
        char *group; // NULL: unchanged
};

struct settings {
        char *path;                          // of the file; NULL in zero configuration
        char *region;                        // of the top level, else the environment's; NULL: none
        struct listener_settings *listeners; // at least one
        size_t listeners_count;
        struct profile *profiles; // in order of refresh: sources before those that stand on them
        size_t profiles_count;
        char **watched; // shared files that profiles come from, whether they are there or not: read again when changed
        size_t watched_count;
};

struct settings_input {
        const char *config_path; // --config, or NULL: $KEYFOB_CONFIG, $XDG_CONFIG_HOME/keyfob/config.json, /etc/…
        const char *socket_path; // --socket, or NULL
        const struct env *env;
        const char *host_name; // for default session names
};

// 0 and *ret (freed by settings_free()), or -1 and *e (ERROR_CONFIG). With no file at all: one profile `default` from
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_ROLE_ARN and AWS_EXTERNAL_ID, and no token file: that role, on
// those keys as profile `environment`), or else from AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE; without these it
// says what is missing. Region, endpoints and CA bundle that a profile does not name come from AWS_REGION,
// AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL (AWS_IGNORE_CONFIGURED_ENDPOINT_URLS),
// AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, AWS_STS_REGIONAL_ENDPOINTS and AWS_CA_BUNDLE.
int settings_load(const struct settings_input *input, struct settings **ret, struct error *e);
void settings_free(struct settings *settings);

// The profile of that name, or NULL.
const struct profile *settings_find(const struct settings *settings, const char *name);

#endif
