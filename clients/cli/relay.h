// SPDX-License-Identifier: Apache-2.0
// A process beside a command, which serves credentials to the SDKs in it (relay_serve.h). No SDK connects to a Unix
// socket; and what the agent itself would listen on would be gone after a restart, with a port that another user could
// take.
#ifndef CLIENTS_CLI_RELAY_H
#define CLIENTS_CLI_RELAY_H

#include "clients/cli/relay_serve.h"
#include "proto/mem/must_check.h"

enum { RELAY_URI_SIZE = 64 };

struct relay_endpoint {
        char uri[RELAY_URI_SIZE];     // AWS_CONTAINER_CREDENTIALS_FULL_URI
        char token[RELAY_TOKEN_SIZE]; // AWS_CONTAINER_AUTHORIZATION_TOKEN
};

// Starts the process. It serves until this process ends, whatever that executes meanwhile, and is no child of it. It
// takes no signal that can be ignored, holds none of the open files, and shows none of `arguments` in its command line.
// `socket`: as of --socket, may be NULL. 0, or -1 after a message.
MUST_CHECK int relay_start(const char *socket, const char *profile, char *const *arguments, size_t arguments_count,
                           struct relay_endpoint *ret);

#endif
