// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENTS_CLI_WAIT_REASONS_H
#define CLIENTS_CLI_WAIT_REASONS_H

#include "proto/mem/slice.h"

struct options;

// Says, for each profile that `keyfob wait` waits for in vain, its last error. `json` is the answer to GET
// /v1/profiles.
void wait_say_reasons(const struct options *o, struct slice json);

#endif
