// SPDX-License-Identifier: Apache-2.0
// Where the agent of this user belongs: its socket, its program, its environment.
#ifndef CLIENTS_CLI_AGENT_PLACE_H
#define CLIENTS_CLI_AGENT_PLACE_H

#include <stddef.h>

#include "proto/mem/must_check.h"
#include "proto/wire/limits.h"

enum { AGENT_PROGRAM_SIZE = 4096 };

// Writes the absolute path of the socket that this user's agent listens on: `socket` (--socket, may be NULL), else
// $KEYFOB_SOCKET, else the path below $XDG_RUNTIME_DIR, else that of root's service, or of other users in /run/user/UID
// or /tmp/keyfob-UID. 0, or -ENAMETOOLONG.
MUST_CHECK int agent_place_socket(const char *socket, char path[LIMIT_UNIX_PATH + 1]);

// Writes the path of keyfobd: beside this program, else on $PATH. 0, or -ENOENT.
MUST_CHECK int agent_place_program(char path[AGENT_PROGRAM_SIZE]);

// Returns the environment of the agent, or NULL: out of memory. It is `environment` without what belongs to one shell
// (keys, the choice of a profile, container endpoints on loopback, KEYFOB_PROFILE, what `keyfob exec` set), without
// what a service manager meant for another process, and with relative paths of files made absolute, as the agent runs
// in "/". The caller frees it with agent_place_free(); the texts that were not changed are borrowed.
MUST_CHECK char **agent_place_environment(char *const *environment);
void agent_place_free(char **environment);

#endif
