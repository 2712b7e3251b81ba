// SPDX-License-Identifier: Apache-2.0
// The table of profiles: the agent's JSON in, text out. Pure; the caller reads the clock and the terminal's width.
#ifndef CLIENTS_CLI_STATUS_TABLE_H
#define CLIENTS_CLI_STATUS_TABLE_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

enum { STATUS_COLUMNS_MIN = 80 };

// Renders the answer of GET /v1/profiles ({"profiles": […]}) or of one profile. Texts are folded, and names cut, to
// lines of `columns` characters (of STATUS_COLUMNS_MIN, if that is more); 0: neither, each text is on one line, for
// programs. 0, or -1 when it is neither, or out of memory.
MUST_CHECK int status_table_write(struct slice json, int64_t now_s, size_t columns, struct buffer *out);

#endif
