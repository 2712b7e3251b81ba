// SPDX-License-Identifier: Apache-2.0
// The table of profiles: JSON of the agent in, text of at most 80 columns out. Pure; the clock comes from outside.
#ifndef CLIENTS_CLI_STATUS_TABLE_H
#define CLIENTS_CLI_STATUS_TABLE_H

#include "proto/mem/buffer.h"

enum { STATUS_COLUMNS = 80 };

// Renders the answer of GET /v1/profiles ({"profiles": […]}) or of one profile. 0, or -1 when it is neither, or when
// memory ran out.
int status_table_write(struct slice json, int64_t now_s, struct buffer *out);

#endif
