// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENTS_CLI_STATUS_H
#define CLIENTS_CLI_STATUS_H

#include "proto/mem/slice.h"

struct options;

// Prints a status answer of the agent as a table, or with --json as it is. Gives the exit code.
int status_print(const struct options *o, struct slice json);

#endif
