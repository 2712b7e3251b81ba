// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENTS_CLI_STATUS_H
#define CLIENTS_CLI_STATUS_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

// Prints the agent's answer about one profile or all of them, as a table, or with --json unchanged. `context` is the
// struct options. Returns the exit code; a callback for struct cli_call.
MUST_CHECK int status_print(const void *context, struct slice answer);

#endif
