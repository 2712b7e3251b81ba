// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/options.h"

#include <getopt.h>
#include <stdio.h>

#include "proto/mem/time.h"

static const char usage_text[] =
    "Usage: keyfobd [OPTIONS]\n"
    "\n"
    "The keyfob agent: obtains temporary AWS credentials, renews them ahead of time and\n"
    "serves them, and SigV4 signatures, on a Unix socket.\n"
    "\n"
    "Options:\n"
    "  --config FILE        configuration; default $KEYFOB_CONFIG, then\n"
    "                       $XDG_CONFIG_HOME/keyfob/config.json (else of ~/.config),\n"
    "                       /etc/keyfob/config.json;\n"
    "                       with none of them AWS's own: its variables and ~/.aws files\n"
    "  --socket PATH        where to listen; default the configuration's first listener,\n"
    "                       $KEYFOB_SOCKET, $XDG_RUNTIME_DIR/keyfob/keyfob.sock,\n"
    "                       /run/keyfob/keyfob.sock\n"
    "  --trusted-directory DIR\n"
    "                       do not judge owner and mode of files below DIR, such as those of\n"
    "                       a mounted volume; may be given more than once\n"
    "  --check              check the configuration, and each certificate with its key,\n"
    "                       also in a token or TPM; say what is wrong, end\n"
    "  --log-level LEVEL    error, warn, info (default), debug\n"
    "  --log-format FORMAT  logfmt (default) or json\n"
    "  --log-file FILE      log to FILE (at most 1 MiB, and as much in FILE.1); once the agent\n"
    "                       serves it closes its standard streams, so that what started it\n"
    "                       can wait for that and show the reason if it fails\n"
    "  --idle-exit SECONDS  end after this long without a connection (also 10m, 12h), but not\n"
    "                       while a refresh or a login is under way; default: never\n"
    "  --run-commands       run commands that the agent's own user asks for, to obtain credentials\n"
    "                       (keyfob credential-process -- COMMAND)\n"
    "  --version            print the version\n"
    "  -h, --help           print this\n"
    "\n"
    "Signals: SIGHUP reads the configuration again, SIGTERM and SIGINT end the agent.\n"
    "Exit status: 0 ended on request, 1 failed, 2 wrong usage, 78 wrong configuration.\n"
    "\n"
    "Examples:\n"
    "  keyfobd --config /etc/keyfob/config.json --check\n"
    "  keyfobd --config ./config.json --socket /tmp/keyfob.sock --log-level debug\n";

enum {
        OPT_CONFIG = 1,
        OPT_SOCKET,
        OPT_TRUSTED,
        OPT_CHECK,
        OPT_LOG_LEVEL,
        OPT_LOG_FORMAT,
        OPT_LOG_FILE,
        OPT_IDLE_EXIT,
        OPT_RUN_COMMANDS,
        OPT_VERSION,
        OPT_HELP
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, OPT_CONFIG},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"trusted-directory", required_argument, NULL, OPT_TRUSTED},
    {"check", no_argument, NULL, OPT_CHECK},
    {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
    {"log-format", required_argument, NULL, OPT_LOG_FORMAT},
    {"log-file", required_argument, NULL, OPT_LOG_FILE},
    {"idle-exit", required_argument, NULL, OPT_IDLE_EXIT},
    {"run-commands", no_argument, NULL, OPT_RUN_COMMANDS},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static enum options_verdict wrong_value(const char *option, const char *value, const char *expected)
{
        fprintf(stderr, "keyfobd: %s: \"%s\" is not one of %s\n", option, value, expected);
        return OPTIONS_USAGE;
}

// An empty path is a shell variable that was not set: the default would be another file.
static enum options_verdict take_path(const char *option, const char *value, const char **ret)
{
        *ret = value;
        if (value[0] != '\0')
                return OPTIONS_RUN;
        fprintf(stderr, "keyfobd: %s: is empty, expected a path\n", option);
        return OPTIONS_USAGE;
}

static enum options_verdict take_trusted(const char *value, struct options *o)
{
        if (value[0] == '/' && o->trusted_count < OPTIONS_TRUSTED_MAX) {
                o->trusted[o->trusted_count++] = value;
                return OPTIONS_RUN;
        }
        fprintf(stderr, "keyfobd: --trusted-directory: \"%s\" %s\n", value,
                value[0] == '/' ? "is one too many" : "is not an absolute path");
        return OPTIONS_USAGE;
}

static enum options_verdict take_duration(const char *option, const char *value, int64_t *ret_s)
{
        if (time_parse_duration(slice_str(value), ret_s) == 0 && *ret_s > 0)
                return OPTIONS_RUN;
        fprintf(stderr, "keyfobd: %s: \"%s\" is no duration, expected 3600, 90s, 10m or 12h\n", option, value);
        return OPTIONS_USAGE;
}

static enum options_verdict apply(int option, const char *value, struct options *o)
{
        switch (option) {
        case OPT_CONFIG:
                return take_path("--config", value, &o->config_path);
        case OPT_SOCKET:
                return take_path("--socket", value, &o->socket_path);
        case OPT_TRUSTED:
                return take_trusted(value, o);
        case OPT_CHECK:
                o->check = true;
                return OPTIONS_RUN;
        case OPT_LOG_LEVEL:
                return log_parse_level(value, &o->log_level) == 0
                           ? OPTIONS_RUN
                           : wrong_value("--log-level", value, "error, warn, info, debug");
        case OPT_LOG_FORMAT:
                return log_parse_format(value, &o->log_format) == 0
                           ? OPTIONS_RUN
                           : wrong_value("--log-format", value, "logfmt, json");
        case OPT_LOG_FILE:
                return take_path("--log-file", value, &o->log_file);
        case OPT_RUN_COMMANDS:
                o->runs_commands = true;
                return OPTIONS_RUN;
        case OPT_IDLE_EXIT:
                return take_duration("--idle-exit", value, &o->idle_exit_s);
        case OPT_VERSION:
                puts("keyfobd " KEYFOB_VERSION);
                return OPTIONS_DONE;
        case OPT_HELP:
        case 'h':
                fputs(usage_text, stdout);
                return OPTIONS_DONE;
        default: // getopt_long() has reported what is wrong
                fputs("Try keyfobd --help.\n", stderr);
                return OPTIONS_USAGE;
        }
}

enum options_verdict options_parse(int argc, char **argv, struct options *ret)
{
        *ret = (struct options){.log_level = LOG_LEVEL_INFO, .log_format = LOG_FORMAT_LOGFMT};
        int option;
        while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
                enum options_verdict verdict = apply(option, optarg, ret);
                if (verdict != OPTIONS_RUN)
                        return verdict;
        }
        if (optind < argc) {
                fprintf(stderr, "keyfobd: unexpected argument \"%s\"\nTry keyfobd --help.\n", argv[optind]);
                return OPTIONS_USAGE;
        }
        return OPTIONS_RUN;
}
