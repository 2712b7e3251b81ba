// SPDX-License-Identifier: Apache-2.0
// The agent's texts speak of its API; a user of the command has options and commands instead.
#ifndef CLIENTS_CLI_HINTS_H
#define CLIENTS_CLI_HINTS_H

#include <stddef.h>

// Writes `text`, in words of the command line, to `out` (with a NUL; cut where it is too long).
void hints_translate(const char *text, char *out, size_t size);

#endif
