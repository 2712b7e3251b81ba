// SPDX-License-Identifier: Apache-2.0
// Credentials by the environment variables of the AWS SDKs, checked. An empty variable is one that is not set.
#ifndef SIDECAR_CONFIG_ENV_SOURCE_H
#define SIDECAR_CONFIG_ENV_SOURCE_H

#include "sidecar/config/resolution.h"

enum env_variable {
        ENV_ACCESS_KEY_ID,
        ENV_SECRET_ACCESS_KEY,
        ENV_SESSION_TOKEN,
        ENV_SECURITY_TOKEN, // the old name of the one before
        ENV_CREDENTIAL_EXPIRATION,
        ENV_ACCOUNT_ID,
        ENV_ROLE_ARN,
        ENV_ROLE_SESSION_NAME,
        ENV_EXTERNAL_ID,
        ENV_WEB_IDENTITY_TOKEN_FILE,
        ENV_VARIABLE_COUNT
};

// Its value in *ret, NULL when it is not set. 0, or -1 and the reader's error for a value that cannot be one.
MUST_CHECK int env_source_get(const struct resolution *r, enum env_variable variable, const char **ret);

// The same, kept for as long as the settings live; *ret stays what it is when the variable is not set.
MUST_CHECK int env_source_keep(struct resolution *r, enum env_variable variable, char **ret);

// Makes *p static by the keys in the environment. 1; 0 when there are none; -1 when they are incomplete or invalid.
MUST_CHECK int env_source_keys(struct resolution *r, struct profile *p);

// "found AWS_A, but not AWS_B, which goes with it". Returns -1.
int env_source_refuse_missing(const struct resolution *r, const char *there, const char *missing);

#endif
