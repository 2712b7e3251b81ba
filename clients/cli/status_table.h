// SPDX-License-Identifier: Apache-2.0
// The table of profiles: the agent's JSON in, text of at most 80 columns out. Pure; the caller reads the clock.
#ifndef CLIENTS_CLI_STATUS_TABLE_H
#define CLIENTS_CLI_STATUS_TABLE_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

enum { STATUS_COLUMNS = 80 };

// Renders the answer of GET /v1/profiles ({"profiles": […]}) or of one profile. 0, or -1 when it is neither, or out of
// memory.
MUST_CHECK int status_table_write(struct slice json, int64_t now_s, struct buffer *out);

#endif
