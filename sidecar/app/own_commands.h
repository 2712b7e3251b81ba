// SPDX-License-Identifier: Apache-2.0
// The commands that the agent runs because its user asked for their credentials (POST /v1/commands): profiles of type
// process, keyed by the words of the command. Their number is limited; the one that was asked for least recently goes
// first. Their credentials stay until they end, as running a command may take its user; then the next request runs it.
#ifndef SIDECAR_APP_OWN_COMMANDS_H
#define SIDECAR_APP_OWN_COMMANDS_H

#include <sys/queue.h>

#include "sidecar/providers/provider.h"
#include "sidecar/server/server.h"

struct vault;

enum { LIMIT_OWN_COMMANDS_N = 32 };

TAILQ_HEAD(own_command_list, own_command);

// Part of its owner's memory; the members are its own.
struct own_commands {
        struct vault *vault;
        const struct log *log;
        const struct provider_deps *providers;
        struct own_command_list list; // the most recently asked for first
        unsigned made;
};

// The arguments must live as long as the server.
void own_commands_init(struct own_commands *commands, struct vault *vault, const struct log *log,
                       const struct provider_deps *providers);

// NULL: clients may not have commands run.
struct server_own_commands own_commands_for_server(struct own_commands *commands);

// After the vault, which ends the entries.
void own_commands_free(struct own_commands *commands);

#endif
