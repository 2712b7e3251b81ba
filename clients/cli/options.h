// SPDX-License-Identifier: Apache-2.0
// The command line, read once. All commands share one set of options; each lists those that it accepts.
#ifndef CLIENTS_CLI_OPTIONS_H
#define CLIENTS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/mem/must_check.h"
#include "proto/wire/limits.h"

enum option_id {
        OPTION_HELP,
        OPTION_PROFILE,
        OPTION_SOCKET,
        OPTION_JSON,
        OPTION_WATCH,
        OPTION_CHECK,
        OPTION_HEADER,
        OPTION_DATA,
        OPTION_SERVICE,
        OPTION_REGION,
        OPTION_REGION_SET,
        OPTION_CURL,
        OPTION_TIME,
        OPTION_EXPIRES_IN,
        OPTION_MIN_TTL,
        OPTION_TIMEOUT,
        OPTION_LIVE,
        OPTION_VERSION,
        OPTION_CODE_STDIN,
        OPTION_UNSIGNED_PAYLOAD,
        OPTION_CLUSTER_NAME,
        OPTION_CLUSTER_ID,
        OPTION_EXEC_CREDENTIAL,
        OPTION_HOSTNAME,
        OPTION_PORT,
        OPTION_USERNAME,
        OPTION_REPLICATION_GROUP_ID,
        OPTION_SERVERLESS_CACHE_NAME,
        OPTION_USER_ID,
        OPTION_USER_NAME,
        OPTION_ACTION,
        OPTION_ENV,
        OPTION_NESTED,
        OPTION_FORMAT,
        OPTION_FILE,
        OPTION_AUTOSTART,
        OPTION_AUDIENCE,
        OPTION_SIGNING_ALGORITHM,
        OPTION_DURATION_SECONDS,
        OPTION_TAG,
        OPTION_ALL,
        OPTION_BROWSER,
        OPTION_SESSION,
        OPTION_START_URL,
        OPTION_NAME_TEMPLATE,
        OPTION_DRY_RUN,
        OPTIONS_N
};

enum { OPTIONS_AUDIENCES_N = 10, OPTIONS_TAGS_N = 50 }; // what STS accepts

#define OPTION_BIT(option) (UINT64_C(1) << (option))
#define OPTIONS_GLOBAL (OPTION_BIT(OPTION_HELP) | OPTION_BIT(OPTION_PROFILE) | OPTION_BIT(OPTION_SOCKET))

struct options {
        const char *command;           // NULL: not given
        const char *values[OPTIONS_N]; // NULL: not given; of a flag: ""
        char *const *arguments;        // after the command; NULL at the end
        size_t arguments_count;
        size_t arguments_before_dashes;      // of them; the others follow "--"
        char *headers[LIMIT_SIGN_HEADERS_N]; // of each --header
        size_t headers_count;
        char *audiences[OPTIONS_AUDIENCES_N]; // of each --audience
        size_t audiences_count;
        char *tags[OPTIONS_TAGS_N]; // of each --tag
        size_t tags_count;
};

struct options_fault {
        const char *what;     // static text: "unknown option"
        const char *argument; // the option as on the command line; may point to `letter`
        char letter[3];
};

// Reads `argv` with getopt_long(), and moves the arguments to its front. 0, or -1 with *fault.
MUST_CHECK int options_parse(int argc, char **argv, struct options *ret, struct options_fault *fault);

// The long name, without the dashes: "min-ttl".
const char *options_name(enum option_id id);

static inline bool options_has(const struct options *o, enum option_id id)
{
        return o->values[id] != NULL;
}

#endif
