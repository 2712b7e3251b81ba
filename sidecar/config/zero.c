// SPDX-License-Identifier: Apache-2.0
// Owns settings_zero(): without a file, the environment variables of the AWS SDKs make the profile `default`. Keys go
// before a web identity token, as in the SDKs' own chains; a source that is there by half is an error, never passed
// over for another identity.
#include <assert.h>
#include <string.h>

#include "sidecar/base/env.h"
#include "sidecar/config/arn.h"
#include "sidecar/config/draft.h"
#include "sidecar/config/session_name.h"
#include "sidecar/config/settings_parse.h"
#include "sidecar/config/values.h"

#define BASE_NAME "environment" // the keys that `default` stands on when it is a role

enum variable { KEY_ID, SECRET_KEY, SESSION_TOKEN, ROLE_ARN, SESSION_NAME, EXTERNAL_ID, TOKEN_FILE, VARIABLE_COUNT };

static const struct {
        const char *name;
        bool (*is_valid)(struct slice text);
        const char *expected;
        bool is_secret;
} variables[] = {
    {"AWS_ACCESS_KEY_ID", values_is_access_key_id, "an access key ID, 16 to 128 letters and digits", true},
    {"AWS_SECRET_ACCESS_KEY", values_is_secret_access_key, "a secret access key without blanks", true},
    {"AWS_SESSION_TOKEN", values_is_session_token, "a session token without blanks", true},
    {"AWS_ROLE_ARN", arn_is_role, "an IAM role ARN (arn:aws:iam::111122223333:role/NAME)", false},
    {"AWS_ROLE_SESSION_NAME", session_name_is_valid, "2 to 64 of A-Z a-z 0-9 _ + = , . @ -", false},
    {"AWS_EXTERNAL_ID", values_is_external_id, "2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -", false},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", values_is_any, "the path of a file", false},
};

static_assert(sizeof(variables) / sizeof(variables[0]) == VARIABLE_COUNT, "a row for each variable");

struct zero {
        struct draft draft;
        const char *values[VARIABLE_COUNT];
};

static int check_variable(const struct zero *z, enum variable v)
{
        struct error *e = z->draft.reader->e;
        const char *value = z->values[v];
        if (!value || variables[v].is_valid(slice_str(value)))
                return 0;
        if (variables[v].is_secret)
                error_set(e, ERROR_CONFIG, "environment: %s: found another form, expected %s", variables[v].name,
                          variables[v].expected);
        else
                error_set(e, ERROR_CONFIG, "environment: %s: found \"%.80s\", expected %s", variables[v].name, value,
                          variables[v].expected);
        return error_hint(e, "correct or unset %s", variables[v].name);
}

static int keep(struct zero *z, enum variable v, char **ret)
{
        return z->values[v] ? reader_keep(z->draft.reader, slice_str(z->values[v]), ret) : 0;
}

static int keep_secret(struct zero *z, enum variable v, struct secret *ret)
{
        if (!z->values[v])
                return 0;
        char *copy = arena_copy(z->draft.reader->secrets, slice_str(z->values[v]));
        if (!copy)
                return reader_no_memory(z->draft.reader);
        *ret = (struct secret){(uint8_t *)copy, strlen(copy)};
        return 0;
}

static int add_profile(struct zero *z, const char *name, enum profile_type type, struct profile **ret)
{
        struct profile *p = &z->draft.profiles[z->draft.count++];
        p->type = type;
        p->declared_type = type;
        *ret = p;
        return reader_keep(z->draft.reader, slice_str(name), &p->name);
}

static int add_keys(struct zero *z, const char *name)
{
        struct profile *p = NULL;
        if (add_profile(z, name, PROFILE_STATIC, &p) < 0 || keep(z, KEY_ID, &p->keys.access_key_id) < 0 ||
            keep_secret(z, SECRET_KEY, &p->keys.secret_access_key) < 0)
                return -1;
        return keep_secret(z, SESSION_TOKEN, &p->keys.session_token);
}

static int add_role(struct zero *z, enum profile_type type, struct profile **ret)
{
        if (add_profile(z, "default", type, ret) < 0 || keep(z, ROLE_ARN, &(*ret)->role.role_arn) < 0)
                return -1;
        return keep(z, SESSION_NAME, &(*ret)->role.role_session_name);
}

static int refuse_missing(const struct zero *z, const char *there, const char *missing)
{
        error_set(z->draft.reader->e, ERROR_CONFIG, "environment: found %s, but not %s, which goes with it", there,
                  missing);
        return error_hint(z->draft.reader->e, "set %s, or unset %s", missing, there);
}

static int add_from_keys(struct zero *z)
{
        struct profile *p = NULL;
        if (!z->values[KEY_ID])
                return refuse_missing(z, "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID");
        if (!z->values[SECRET_KEY])
                return refuse_missing(z, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
        if (!z->values[EXTERNAL_ID] || z->values[TOKEN_FILE])
                return add_keys(z, "default");
        if (!z->values[ROLE_ARN])
                return refuse_missing(z, "AWS_EXTERNAL_ID", "AWS_ROLE_ARN");
        if (add_keys(z, BASE_NAME) < 0 || add_role(z, PROFILE_ASSUME_ROLE, &p) < 0 ||
            keep(z, EXTERNAL_ID, &p->role.external_id) < 0)
                return -1;
        return reader_keep(z->draft.reader, slice_str(BASE_NAME), &p->source_profile);
}

static int add_from_token(struct zero *z)
{
        struct profile *p = NULL;
        if (!z->values[ROLE_ARN])
                return refuse_missing(z, "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN");
        if (add_role(z, PROFILE_WEB_IDENTITY, &p) < 0)
                return -1;
        return reader_keep_path(z->draft.reader, slice_str(z->values[TOKEN_FILE]), &p->web_identity_token_file);
}

static int add_all(struct zero *z)
{
        struct error *e = z->draft.reader->e;
        for (unsigned v = 0; v < VARIABLE_COUNT; v++)
                z->values[v] = env_get(z->draft.env, variables[v].name);
        for (unsigned v = 0; v < VARIABLE_COUNT; v++)
                if (check_variable(z, (enum variable)v) < 0)
                        return -1;
        if (z->values[KEY_ID] || z->values[SECRET_KEY])
                return add_from_keys(z);
        if (z->values[TOKEN_FILE])
                return add_from_token(z);
        if (z->values[ROLE_ARN])
                return refuse_missing(z, "AWS_ROLE_ARN",
                                      z->values[EXTERNAL_ID] ? "AWS_ACCESS_KEY_ID" : "AWS_WEB_IDENTITY_TOKEN_FILE");
        error_set(e, ERROR_CONFIG,
                  "found no configuration file, and no AWS credentials in the environment that could stand in for it");
        return error_hint(e,
                          "write /etc/keyfob/config.json or give --config; or set AWS_ROLE_ARN and "
                          "AWS_WEB_IDENTITY_TOKEN_FILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY%s",
                          env_get(z->draft.env, "AWS_PROFILE")
                              ? " (AWS_PROFILE and ~/.aws/config are not supported by this version)"
                              : "");
}

int settings_zero(const struct settings_source *source, struct settings **ret, struct error *e)
{
        struct settings_store *store = settings_store_new();
        if (!store)
                return error_set(e, ERROR_INTERNAL, "environment: out of memory");
        struct reader reader;
        reader_init(&reader, "environment", source->working_directory, e);
        reader.strings = &store->strings;
        reader.secrets = &store->secrets;
        reader.check_files = source->check_files;
        struct zero zero = {.draft = {.reader = &reader,
                                      .store = store,
                                      .env = source->env,
                                      .socket_path = source->socket_path,
                                      .host_name = source->host_name,
                                      .working_directory = source->working_directory}};
        struct profile profiles[2] = {{0}}; // `default` and what it may stand on
        zero.draft.profiles = profiles;
        int r = add_all(&zero);
        if (r == 0)
                r = draft_finish(&zero.draft);
        reader_free(&reader);
        if (r == 0)
                *ret = &store->settings;
        else
                settings_free(&store->settings);
        return r;
}
