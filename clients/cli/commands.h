// SPDX-License-Identifier: Apache-2.0
// The commands of `keyfob`, one file each; main.c holds the table.
#ifndef CLIENTS_CLI_COMMANDS_H
#define CLIENTS_CLI_COMMANDS_H

#include "clients/cli/options.h"

struct command {
        const char *name;
        const char *summary; // for the list of commands
        const char *help;    // usage, options, examples
        uint64_t accepts;    // OPTION_BIT of each option beside the global ones
        size_t arguments_min, arguments_max;
        int (*run)(const struct options *o); // returns the exit code
};

// The end of the list of options in most help texts.
#define HELP_GLOBAL_OPTIONS                                                                                            \
        "  --profile NAME   the profile, instead of the argument\n"                                                    \
        "  --socket PATH    the agent's socket\n"                                                                      \
        "  --help           this text\n"                                                                               \
        "\n"                                                                                                           \
        "examples:\n"

extern const struct command command_credential_process;
extern const struct command command_export;
extern const struct command command_status;
extern const struct command command_sign;
extern const struct command command_presign;
extern const struct command command_token;
extern const struct command command_events;
extern const struct command command_wait;
extern const struct command command_refresh;
extern const struct command command_login;
extern const struct command command_logout;
extern const struct command command_sso;
extern const struct command command_exec;
extern const struct command command_agent;

#endif
