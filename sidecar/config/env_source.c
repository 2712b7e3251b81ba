// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/env_source.h"

#include <assert.h>

#include "sidecar/base/env.h"
#include "sidecar/base/timestamp.h"
#include "sidecar/config/arn.h"
#include "sidecar/config/session_name.h"
#include "sidecar/config/values.h"

static bool is_time(struct slice text)
{
        int64_t time_s;
        return timestamp_parse(text, &time_s) == 0;
}

static const struct {
        const char *name;
        bool (*is_valid)(struct slice text);
        const char *expected;
        bool is_secret;
} variables[] = {
    {"AWS_ACCESS_KEY_ID", values_is_access_key_id, "an access key ID, 1 to 128 letters and digits", true},
    {"AWS_SECRET_ACCESS_KEY", values_is_secret_access_key, "a secret access key without blanks", true},
    {"AWS_SESSION_TOKEN", values_is_session_token, "a session token without blanks", true},
    {"AWS_SECURITY_TOKEN", values_is_session_token, "a session token without blanks", true},
    {"AWS_CREDENTIAL_EXPIRATION", is_time, "a time with its zone, such as 2026-09-01T12:00:00Z", false},
    {"AWS_ACCOUNT_ID", values_is_account_id, "12 digits", false},
    {"AWS_ROLE_ARN", arn_is_role, "an IAM role ARN (arn:aws:iam::111122223333:role/NAME)", false},
    {"AWS_ROLE_SESSION_NAME", session_name_is_valid, "2 to 64 of A-Z a-z 0-9 _ + = , . @ -", false},
    {"AWS_EXTERNAL_ID", values_is_external_id, "2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -", false},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", values_is_any, "the path of a file", false},
};

static_assert(sizeof(variables) / sizeof(variables[0]) == ENV_VARIABLE_COUNT, "a row for each variable");

int env_source_get(const struct resolution *r, enum env_variable variable, const char **ret)
{
        const char *name = variables[variable].name;
        *ret = env_get(r->reader->env, name);
        if (!*ret || variables[variable].is_valid(slice_str(*ret)))
                return 0;
        return reader_refuse_variable(r->reader, name, variables[variable].is_secret ? NULL : *ret,
                                      variables[variable].expected);
}

int env_source_keep(struct resolution *r, enum env_variable variable, char **ret)
{
        const char *value;
        if (env_source_get(r, variable, &value) < 0)
                return -1;
        return value ? reader_keep(r->reader, slice_str(value), ret) : 0;
}

int env_source_refuse_missing(const struct resolution *r, const char *there, const char *missing)
{
        error_set(r->reader->e, ERROR_CONFIG, "environment: found %s without %s", there, missing);
        return error_hint(r->reader->e, "set %s, or unset %s", missing, there);
}

int env_source_keys(struct resolution *r, struct profile *p)
{
        const char *id, *secret, *token, *old_token;
        if (env_source_get(r, ENV_ACCESS_KEY_ID, &id) < 0 || env_source_get(r, ENV_SECRET_ACCESS_KEY, &secret) < 0)
                return -1;
        if (!id && !secret)
                return 0;
        if (!id || !secret)
                return env_source_refuse_missing(r, variables[id ? ENV_ACCESS_KEY_ID : ENV_SECRET_ACCESS_KEY].name,
                                                 variables[id ? ENV_SECRET_ACCESS_KEY : ENV_ACCESS_KEY_ID].name);
        if (env_source_get(r, ENV_SESSION_TOKEN, &token) < 0 || env_source_get(r, ENV_SECURITY_TOKEN, &old_token) < 0)
                return -1;
        token = token ? token : old_token;
        p->type = PROFILE_STATIC;
        if (reader_keep(r->reader, slice_str(id), &p->keys.access_key_id) < 0 ||
            reader_keep_secret(r->reader, slice_str(secret), &p->keys.secret_access_key) < 0 ||
            (token && reader_keep_secret(r->reader, slice_str(token), &p->keys.session_token) < 0) ||
            env_source_keep(r, ENV_CREDENTIAL_EXPIRATION, &p->keys.expiration) < 0 ||
            env_source_keep(r, ENV_ACCOUNT_ID, &p->keys.account_id) < 0)
                return -1;
        return 1;
}
