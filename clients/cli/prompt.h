// SPDX-License-Identifier: Apache-2.0
// Asks the user at the terminal for the code of an MFA device. Leaves standard input and output alone, which may belong
// to a program.
#ifndef CLIENTS_CLI_PROMPT_H
#define CLIENTS_CLI_PROMPT_H

#include <stdbool.h>

#include "clients/c/keyfob.h"
#include "proto/mem/must_check.h"

enum { PROMPT_CODE_SIZE = 64 };

// True when there is a terminal that this process may read from.
bool prompt_is_possible(void);

// Asks for codes, up to three times, until AWS accepts one. False: *error is the reason.
MUST_CHECK bool prompt_for_code(struct keyfob_client *client, const char *profile, struct keyfob_error *error);

// Reads a line from `fd`, without white space around it. False: the line is empty or too long. The caller wipes `line`.
MUST_CHECK bool prompt_read_line(int fd, char line[PROMPT_CODE_SIZE]);

#endif
