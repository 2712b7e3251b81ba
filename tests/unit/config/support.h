// SPDX-License-Identifier: Apache-2.0
// What the tests of this room share: cmocka, a fixed user database, parsing without a file.
#ifndef TESTS_UNIT_CONFIG_SUPPORT_H
#define TESTS_UNIT_CONFIG_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>

#include "sidecar/base/env.h"
#include "sidecar/config/settings_parse.h"
#include "tests/unit/unit.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

#define ROLE "\"role_arn\": \"arn:aws:iam::111122223333:role/r\""
#define WEB_BODY "\"type\": \"web_identity\", " ROLE ", \"web_identity_token_file\": \"/t\""
#define KEYS_BODY                                                                                                      \
        "\"type\": \"static\", \"access_key_id\": \"AKIDEXAMPLE00001\", \"secret_access_key\": \"wJalrXUtnFEMIxK7\""
#define ANYWHERE_ARN "arn:aws:rolesanywhere:eu-west-1:111122223333:"
#define ANYWHERE_BODY                                                                                                  \
        "\"type\": \"roles_anywhere\", " ROLE ", \"certificate\": \"c.pem\", \"trust_anchor_arn\": \"" ANYWHERE_ARN    \
        "trust-anchor/a\", \"profile_arn\": \"" ANYWHERE_ARN "profile/p\""
#define CHAIN_BODY(source) "\"type\": \"assume_role\", " ROLE ", \"source_profile\": \"" source "\""

static inline int lookup_fixed(enum account_kind kind, const char *name, uint32_t *ret)
{
        if (kind == ACCOUNT_USER && strcmp(name, "alice") == 0) {
                *ret = 1001;
                return 0;
        }
        if (kind == ACCOUNT_GROUP && strcmp(name, "gateway") == 0) {
                *ret = 2001;
                return 0;
        }
        return strcmp(name, "broken") == 0 ? -EIO : -ENOENT;
}

static inline int parse_from(struct settings_source *source, const char *text, char **environment,
                             struct settings **ret, struct error *e)
{
        struct env env;
        env_init(&env, environment);
        source->env = &env;
        *e = (struct error){.kind = ERROR_NONE};
        return settings_parse(source, slice_str(text), ret, e);
}

static inline int parse_with(const char *text, char **environment, const char *socket, struct settings **ret,
                             struct error *e)
{
        struct settings_source source = {.file = "/etc/keyfob/config.json",
                                         .directory = "/etc/keyfob",
                                         .working_directory = "/base",
                                         .socket_path = socket,
                                         .host_name = "host-1",
                                         .lookup = lookup_fixed};
        return parse_from(&source, text, environment, ret, e);
}

static inline int parse_looking_for_files(const char *text, struct settings **ret, struct error *e)
{
        char region[] = "AWS_REGION=us-east-1";
        char *environment[] = {region, NULL};
        struct settings_source source = {.file = "/etc/keyfob/config.json",
                                         .directory = "/etc/keyfob",
                                         .working_directory = "/base",
                                         .host_name = "host-1",
                                         .check_files = true,
                                         .lookup = lookup_fixed};
        return parse_from(&source, text, environment, ret, e);
}

// With AWS_REGION, so that STS has a region.
static inline int parse(const char *text, struct settings **ret, struct error *e)
{
        char region[] = "AWS_REGION=us-east-1";
        char *environment[] = {region, NULL};
        return parse_with(text, environment, NULL, ret, e);
}

static inline struct settings *parse_good(const char *text)
{
        struct settings *s = NULL;
        struct error e;
        if (parse(text, &s, &e) < 0)
                fail_msg("%s\n%s", e.message, e.hint);
        return s;
}

#endif
