// SPDX-License-Identifier: Apache-2.0
// keyfob credential-process -- COMMAND: the user's own agent runs the command and keeps what it prints.
#ifndef CLIENTS_CLI_OWN_COMMAND_H
#define CLIENTS_CLI_OWN_COMMAND_H

#include "clients/cli/options.h"
#include "proto/mem/slice.h"

// Asks the agent, which is started if none answers, for the credentials of the command (a list that NULL ends), and
// passes the document to `print`. Returns the exit code.
int own_command_run(const struct options *o, char *const *command,
                    int (*print)(const void *context, struct slice answer));

#endif
