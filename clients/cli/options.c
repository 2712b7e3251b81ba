// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/options.h"

#include "proto/mem/length.h"

#include <getopt.h>
#include <stdio.h>

enum { IN_ORDER = 1, FIRST_VALUE = 256 }; // getopt_long() returns 1 for an argument, a letter, or what the table says

#define SPEC(id, name, kind) [id] = {name, kind, NULL, FIRST_VALUE + (id)}

static const struct option specs[] = {
    SPEC(OPTION_HELP, "help", no_argument),
    SPEC(OPTION_PROFILE, "profile", required_argument),
    SPEC(OPTION_SOCKET, "socket", required_argument),
    SPEC(OPTION_JSON, "json", no_argument),
    SPEC(OPTION_WATCH, "watch", no_argument),
    SPEC(OPTION_CHECK, "check", no_argument),
    SPEC(OPTION_HEADER, "header", required_argument),
    SPEC(OPTION_DATA, "data", required_argument),
    SPEC(OPTION_SERVICE, "service", required_argument),
    SPEC(OPTION_REGION, "region", required_argument),
    SPEC(OPTION_REGION_SET, "region-set", required_argument),
    SPEC(OPTION_CURL, "curl", no_argument),
    SPEC(OPTION_TIME, "time", required_argument),
    SPEC(OPTION_EXPIRES_IN, "expires-in", required_argument),
    SPEC(OPTION_MIN_TTL, "min-ttl", required_argument),
    SPEC(OPTION_TIMEOUT, "timeout", required_argument),
    SPEC(OPTION_LIVE, "live", no_argument),
    SPEC(OPTION_VERSION, "version", no_argument),
    SPEC(OPTION_CODE_STDIN, "code-stdin", no_argument),
    SPEC(OPTION_UNSIGNED_PAYLOAD, "unsigned-payload", no_argument),
    SPEC(OPTION_CLUSTER_NAME, "cluster-name", required_argument),
    SPEC(OPTION_CLUSTER_ID, "cluster-id", required_argument),
    SPEC(OPTION_EXEC_CREDENTIAL, "exec-credential", no_argument),
    SPEC(OPTION_HOSTNAME, "hostname", required_argument),
    SPEC(OPTION_PORT, "port", required_argument),
    SPEC(OPTION_USERNAME, "username", required_argument),
    SPEC(OPTION_REPLICATION_GROUP_ID, "replication-group-id", required_argument),
    SPEC(OPTION_SERVERLESS_CACHE_NAME, "serverless-cache-name", required_argument),
    SPEC(OPTION_USER_ID, "user-id", required_argument),
    SPEC(OPTION_USER_NAME, "user-name", required_argument),
    SPEC(OPTION_ACTION, "action", required_argument),
    SPEC(OPTION_ENV, "env", no_argument),
    SPEC(OPTION_NESTED, "nested", no_argument),
    SPEC(OPTION_FORMAT, "format", required_argument),
    SPEC(OPTION_FILE, "file", required_argument),
    SPEC(OPTION_AUTOSTART, "autostart", no_argument),
    SPEC(OPTION_AUDIENCE, "audience", required_argument),
    SPEC(OPTION_SIGNING_ALGORITHM, "signing-algorithm", required_argument),
    SPEC(OPTION_DURATION_SECONDS, "duration-seconds", required_argument),
    SPEC(OPTION_TAG, "tag", required_argument),
    SPEC(OPTION_ALL, "all", no_argument),
    SPEC(OPTION_BROWSER, "browser", no_argument),
    SPEC(OPTION_SESSION, "session", required_argument),
    SPEC(OPTION_START_URL, "start-url", required_argument),
    SPEC(OPTION_NAME_TEMPLATE, "name-template", required_argument),
    SPEC(OPTION_DRY_RUN, "dry-run", no_argument),
    [OPTIONS_N] = {0},
};

_Static_assert(OPTIONS_N <= 64, "OPTION_BIT has 64 bits");
_Static_assert(LENGTH(specs) == OPTIONS_N + 1, "specify every option");

const char *options_name(enum option_id id)
{
        return specs[id].name;
}

static enum option_id id_of(int found)
{
        switch (found) {
        case 'h':
                return OPTION_HELP;
        case 'H':
                return OPTION_HEADER;
        case 'd':
                return OPTION_DATA;
        default:
                return (enum option_id)(found - FIRST_VALUE);
        }
}

// Describes what getopt_long() refused: the argument before optind, or a letter.
static int fail(char **argv, int found, struct options_fault *fault)
{
        bool is_letter = optopt > 0 && optopt < FIRST_VALUE;
        fault->what = found == ':'            ? "this option needs a value"
                      : optopt >= FIRST_VALUE ? "this option takes no value"
                                              : "unknown option";
        (void)snprintf(fault->letter, sizeof(fault->letter), "-%c", is_letter ? optopt : '-');
        fault->argument = is_letter ? fault->letter : argv[optind - 1];
        return -1;
}

// Moves the argument to the front of argv, which getopt_long() has read already.
static void add_argument(struct options *o, char **argv, char *argument)
{
        if (!o->command)
                o->command = argument;
        else
                argv[o->arguments_count++] = argument;
}

// Of an option that may be given more than once.
static int add_to(char **list, size_t *count, size_t max, const char *what, struct options_fault *fault)
{
        if (*count == max) {
                *fault = (struct options_fault){.what = what, .argument = optarg};
                return -1;
        }
        list[(*count)++] = optarg;
        return 0;
}

static int add_option(struct options *o, enum option_id id, struct options_fault *fault)
{
        o->values[id] = optarg ? optarg : "";
        switch (id) {
        case OPTION_HEADER:
                return add_to(o->headers, &o->headers_count, LIMIT_SIGN_HEADERS_N, "too many headers", fault);
        case OPTION_AUDIENCE:
                return add_to(o->audiences, &o->audiences_count, OPTIONS_AUDIENCES_N, "too many audiences", fault);
        case OPTION_TAG:
                return add_to(o->tags, &o->tags_count, OPTIONS_TAGS_N, "too many tags", fault);
        default:
                return 0;
        }
}

int options_parse(int argc, char **argv, struct options *ret, struct options_fault *fault)
{
        int found;
        *ret = (struct options){.arguments = argv};
        opterr = 0; // this prints nothing
        optind = 0; // starts anew, in glibc and in musl
        while ((found = getopt_long(argc, argv, "-:hH:d:", specs, NULL)) != -1) {
                if (found == '?' || found == ':')
                        return fail(argv, found, fault);
                if (found == IN_ORDER)
                        add_argument(ret, argv, optarg);
                else if (add_option(ret, id_of(found), fault) < 0)
                        return -1;
        }
        ret->arguments_before_dashes = ret->arguments_count;
        while (optind < argc) // what follows "--"
                add_argument(ret, argv, argv[optind++]);
        argv[ret->arguments_count] = NULL;
        return 0;
}
