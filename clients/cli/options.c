// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/options.h"

#include "proto/mem/length.h"

#include <string.h>

struct spec {
        const char *name;
        char letter; // 0: none
        bool takes_value;
};

static const struct spec specs[] = {
    [OPTION_HELP] = {"--help", 'h', false},
    [OPTION_PROFILE] = {"--profile", 0, true},
    [OPTION_SOCKET] = {"--socket", 0, true},
    [OPTION_JSON] = {"--json", 0, false},
    [OPTION_WATCH] = {"--watch", 0, false},
    [OPTION_HEADER] = {"--header", 'H', true},
    [OPTION_DATA] = {"--data", 'd', true},
    [OPTION_SERVICE] = {"--service", 0, true},
    [OPTION_REGION] = {"--region", 0, true},
    [OPTION_CURL] = {"--curl", 0, false},
    [OPTION_TIME] = {"--time", 0, true},
    [OPTION_EXPIRES_IN] = {"--expires-in", 0, true},
    [OPTION_MIN_TTL] = {"--min-ttl", 0, true},
    [OPTION_TIMEOUT] = {"--timeout", 0, true},
    [OPTION_CODE_STDIN] = {"--code-stdin", 0, false},
    [OPTION_LIVE] = {"--live", 0, false},
    [OPTION_VERSION] = {"--version", 0, false},
};

_Static_assert(LENGTH(specs) == OPTIONS_N, "specify every option");

const char *options_name(enum option option)
{
        return specs[option].name;
}

// Where the value begins that is part of the argument itself ("--region=x", "-dx"); NULL when there is none.
static const char *attached_value(const struct spec *spec, const char *argument)
{
        size_t n = argument[1] == '-' ? strlen(spec->name) : 2;
        if (argument[n] == 0)
                return NULL;
        return argument[1] == '-' ? argument + n + 1 : argument + n;
}

static bool matches(const struct spec *spec, const char *argument)
{
        size_t n = strlen(spec->name);
        if (argument[1] == '-')
                return strncmp(argument, spec->name, n) == 0 && (argument[n] == 0 || argument[n] == '=');
        return spec->letter != 0 && argument[1] == spec->letter && (spec->takes_value || argument[2] == 0);
}

static int fail(struct options_fault *fault, const char *what, const char *argument)
{
        *fault = (struct options_fault){what, argument};
        return -1;
}

static int store(struct options *o, enum option option, const char *value, const char *argument,
                 struct options_fault *fault)
{
        o->given |= OPTION_BIT(option);
        o->values[option] = value;
        if (option != OPTION_HEADER)
                return 0;
        if (o->headers_count == LIMIT_SIGN_HEADERS_N)
                return fail(fault, "too many headers", argument);
        o->headers[o->headers_count++] = value;
        return 0;
}

// The option at argv[*i]; moves *i past its value.
static int take_option(int argc, char **argv, int *i, struct options *o, struct options_fault *fault)
{
        const char *argument = argv[*i];
        for (size_t k = 0; k < OPTIONS_N; k++) {
                const struct spec *spec = &specs[k];
                if (!matches(spec, argument))
                        continue;
                const char *value = attached_value(spec, argument);
                if (!spec->takes_value)
                        return value ? fail(fault, "this option takes no value", argument)
                                     : store(o, (enum option)k, "", argument, fault);
                if (!value && *i + 1 >= argc)
                        return fail(fault, "this option needs a value", argument);
                if (!value)
                        value = argv[++*i];
                return store(o, (enum option)k, value, argument, fault);
        }
        return fail(fault, "unknown option", argument);
}

int options_parse(int argc, char **argv, struct options *ret, struct options_fault *fault)
{
        bool options_ended = false;
        int kept = 0;
        *ret = (struct options){0};
        for (int i = 1; i < argc; i++) {
                if (!options_ended && strcmp(argv[i], "--") == 0) {
                        options_ended = true;
                } else if (!options_ended && argv[i][0] == '-' && argv[i][1] != 0) {
                        if (take_option(argc, argv, &i, ret, fault) < 0)
                                return -1;
                } else if (!ret->command) {
                        ret->command = argv[i];
                } else {
                        argv[kept++] = argv[i];
                }
        }
        ret->arguments = (const char *const *)argv;
        ret->arguments_count = (size_t)kept;
        return 0;
}
