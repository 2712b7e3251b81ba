// SPDX-License-Identifier: Apache-2.0
// One event of the agent as a line for people.
#ifndef CLIENTS_CLI_EVENT_LINE_H
#define CLIENTS_CLI_EVENT_LINE_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

// Appends "2026-09-01T12:00:00Z  rotated         irsa  generation 4, until 2026-09-01T13:00:00Z\n" for an event and its
// JSON. 0, or -1: it is not an event, or out of memory.
MUST_CHECK int event_line_write(struct slice name, struct slice data, struct buffer *out);

#endif
