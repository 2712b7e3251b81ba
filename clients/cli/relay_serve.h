// SPDX-License-Identifier: Apache-2.0
// The container credentials endpoint of `keyfob exec`: checks requests over TCP and forwards the good ones to the
// agent's Unix socket, each on a connection of its own, so that an agent that restarts is found again.
#ifndef CLIENTS_CLI_RELAY_SERVE_H
#define CLIENTS_CLI_RELAY_SERVE_H

#include <stddef.h>

#include "proto/wire/limits.h"

enum {
        RELAY_TOKEN_SIZE = 65,     // 64 hexadecimal digits and a NUL
        RELAY_AUTHORITY_SIZE = 22, // "255.255.255.255:65535" and a NUL
        RELAY_REQUEST_SIZE = 512
};

struct relay_settings {
        char token[RELAY_TOKEN_SIZE];
        char authority[RELAY_AUTHORITY_SIZE];   // of the listener: "127.0.0.1:41234"
        char agent[LIMIT_UNIX_PATH + 1];        // the agent's socket
        char agent_request[RELAY_REQUEST_SIZE]; // sent to the agent for each good request; ends the connection
};

// Serves `listener`, a listening TCP socket that does not block, until `command` can be read: a pidfd can when its
// process has ended. Holds at most 32 connections: a new one takes the place of the oldest that has not proved itself.
// Each ends after 5 s. Connects to the agent every hour, as one that is not used for longer may end itself.
void relay_serve(const struct relay_settings *settings, int listener, int command);

#endif
