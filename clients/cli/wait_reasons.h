// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENTS_CLI_WAIT_REASONS_H
#define CLIENTS_CLI_WAIT_REASONS_H

#include "clients/cli/options.h"
#include "proto/mem/slice.h"

// Prints, on standard error, the last error of each profile that `keyfob wait` waited for in vain. `json` is the answer
// to GET /v1/profiles.
void wait_print_reasons(const struct options *o, struct slice json);

#endif
