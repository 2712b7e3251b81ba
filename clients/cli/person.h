// SPDX-License-Identifier: Apache-2.0
// The person at the terminal: asked for the code of an MFA device. Standard input and output stay out of it, for they
// may be a program's.
#ifndef CLIENTS_CLI_PERSON_H
#define CLIENTS_CLI_PERSON_H

#include <stdbool.h>

#include "clients/c/keyfob.h"

enum { PERSON_CODE_SIZE = 64 };

// Whether there is a terminal that this process may read from.
bool person_is_there(void);

// Asks for codes, a few times, until AWS takes one. False: *error says why not.
bool person_gives_code(struct keyfob_client *client, const char *profile, struct keyfob_error *error);

// Reads a line from `fd`, without white space around it. False: there is none, or it is too long.
bool person_read_line(int fd, char line[PERSON_CODE_SIZE]);

#endif
