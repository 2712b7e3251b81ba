// SPDX-License-Identifier: Apache-2.0
// Starts the agent of this user: a keyfobd with its own session, working directory "/", none of this process's
// descriptors, a log file beside its socket, which ends after a long time without requests. However many processes call
// this at once, one agent runs afterwards.
#ifndef CLIENTS_CLI_AGENT_START_H
#define CLIENTS_CLI_AGENT_START_H

#include "clients/c/keyfob.h"
#include "proto/mem/must_check.h"
#include "proto/wire/limits.h"

// Starts it unless one answers already, and returns when it does. `socket` (may be NULL) is that of --socket. True, and
// in `path` the socket that answers. False, and *error with KEYFOB_NO_AGENT (or another status) and what keyfobd itself
// said.
//
//     client = keyfob_connect(&options, &error);
//     if (!client && error.status == KEYFOB_NO_AGENT && agent_start(options.socket, path, &error)) {
//             options.socket = path;
//             client = keyfob_connect(&options, &error);
//     }
MUST_CHECK bool agent_start(const char *socket, char path[LIMIT_UNIX_PATH + 1], struct keyfob_error *error);

#endif
