// SPDX-License-Identifier: Apache-2.0
// The person at the terminal: asked for the code of an MFA device. Standard input and output stay out of it, for they
// may be a program's.
#ifndef CLIENTS_CLI_PROMPT_H
#define CLIENTS_CLI_PROMPT_H

#include <stdbool.h>

#include "clients/c/keyfob.h"

enum { PROMPT_CODE_SIZE = 64 };

// Whether there is a terminal that this process may read from.
bool prompt_is_possible(void);

// Asks for codes, a few times, until AWS takes one. False: *error says why not.
bool prompt_for_code(struct keyfob_client *client, const char *profile, struct keyfob_error *error);

// Reads a line from `fd`, without white space around it. False: there is none, or it is too long.
bool prompt_read_line(int fd, char line[PROMPT_CODE_SIZE]);

#endif
