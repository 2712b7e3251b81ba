// SPDX-License-Identifier: Apache-2.0
// The process behind the agent's socket, to send signals to.
#ifndef CLIENTS_CLI_AGENT_PEER_H
#define CLIENTS_CLI_AGENT_PEER_H

#include <stdint.h>
#include <sys/types.h>

#include "clients/c/keyfob.h"
#include "proto/mem/must_check.h"

struct agent_peer {
        int fd; // refers to the process, whatever becomes of its number
        pid_t pid;
};

// Finds the process that listens on the socket of agent_place_socket(), by SO_PEERCRED. It must be a
// keyfobd of this user's: not a service manager that listens for it. False, and *error.
MUST_CHECK bool agent_peer_find(const char *socket, struct agent_peer *ret, struct keyfob_error *error);

// Sends SIGTERM and waits until the process is gone. 0, or -errno: -ETIMEDOUT.
MUST_CHECK int agent_peer_stop(const struct agent_peer *peer, int64_t deadline_ms);

// Sends SIGHUP. 0, or -errno.
MUST_CHECK int agent_peer_reload(const struct agent_peer *peer);

void agent_peer_close(struct agent_peer *peer);

#endif
