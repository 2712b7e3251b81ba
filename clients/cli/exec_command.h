// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENTS_CLI_EXEC_COMMAND_H
#define CLIENTS_CLI_EXEC_COMMAND_H

#include "proto/mem/must_check.h"

// Replaces this process by the command, a list that NULL ends, as a shell would find it: by $PATH unless its name has a
// slash; a file without "#!" is a script of /bin/sh. Returns the errno of what failed.
MUST_CHECK int exec_command(char *const *command, char *const *environment);

#endif
