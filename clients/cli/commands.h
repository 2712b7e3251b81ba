// SPDX-License-Identifier: Apache-2.0
// The commands of `keyfob`, one file each; main.c holds the table.
#ifndef CLIENTS_CLI_COMMANDS_H
#define CLIENTS_CLI_COMMANDS_H

#include "clients/cli/options.h"

struct command {
        const char *name;
        const char *summary; // for the list of commands
        const char *help;    // usage, options, examples
        unsigned accepts;    // OPTION_BIT of each option beside the global ones
        size_t arguments_min, arguments_max;
        int (*run)(const struct options *o); // gives the exit code
};

extern const struct command command_credential_process;
extern const struct command command_status;
extern const struct command command_sign;
extern const struct command command_presign;
extern const struct command command_wait;
extern const struct command command_refresh;
extern const struct command command_login;

#endif
