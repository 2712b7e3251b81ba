// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/exec_environment.h"

#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/mem/secret.h"

// What an SDK would use instead of the credentials given, or together with them.
static const char removed[][40] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN", // older names of the three
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SESSION_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_CREDENTIAL_SCOPE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CREDENTIAL_FILE", // of the first AWS tools; boto3 still reads it
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_EXTERNAL_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_VAULT",
};

// AWS_BEARER_TOKEN_BEDROCK, and so for each service: sent in place of a signature.
static const struct slice removed_prefix = SLICE_INIT("AWS_BEARER_TOKEN_");

static bool is_removed(struct slice name, const struct exec_variable *variables, size_t count)
{
        for (size_t i = 0; i < LENGTH(removed); i++)
                if (slice_eq(name, slice_str(removed[i])))
                        return true;
        for (size_t i = 0; i < count; i++)
                if (slice_eq(name, slice_str(variables[i].name)))
                        return true;
        return slice_starts_with(name, removed_prefix);
}

static bool is_set(const struct exec_variable *v)
{
        return v->value && v->value[0];
}

// Writes "NAME=VALUE" and a NUL to *at, and advances it.
static char *put(char **at, const struct exec_variable *v)
{
        char *start = *at;
        size_t name_n = strlen(v->name), value_n = strlen(v->value);
        memcpy(start, v->name, name_n);
        start[name_n] = '=';
        memcpy(start + name_n + 1, v->value, value_n + 1);
        *at = start + name_n + 1 + value_n + 1;
        return start;
}

int exec_environment_new(char *const *inherited, const struct exec_variable *variables, size_t count,
                         struct exec_environment *ret)
{
        size_t inherited_count = 0, n = 0, size = 1;
        while (inherited[inherited_count])
                inherited_count++;
        for (size_t i = 0; i < count; i++)
                size += is_set(&variables[i]) ? strlen(variables[i].name) + strlen(variables[i].value) + 2 : 0;
        *ret = (struct exec_environment){.list = calloc(inherited_count + count + 1, sizeof(*ret->list)),
                                         .memory = secret_alloc(size),
                                         .memory_size = size};
        if (!ret->list || !ret->memory) {
                exec_environment_free(ret);
                return -1;
        }
        for (size_t i = 0; i < inherited_count; i++) {
                struct slice entry = slice_str(inherited[i]);
                if (!is_removed(slice_head(entry, slice_find(entry, '=')), variables, count))
                        ret->list[n++] = inherited[i];
        }
        char *at = ret->memory;
        for (size_t i = 0; i < count; i++)
                if (is_set(&variables[i]))
                        ret->list[n++] = put(&at, &variables[i]);
        return 0;
}

void exec_environment_free(struct exec_environment *environment)
{
        secret_release(environment->memory, environment->memory_size);
        free(environment->list);
        *environment = (struct exec_environment){0};
}
