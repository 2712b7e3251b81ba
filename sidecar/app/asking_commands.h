// SPDX-License-Identifier: Apache-2.0
// Tells the server which peers belong to commands that the providers run.
#ifndef SIDECAR_APP_ASKING_COMMANDS_H
#define SIDECAR_APP_ASKING_COMMANDS_H

#include "sidecar/providers/running_commands.h"
#include "sidecar/server/server.h"

// `all` must live as long as the server.
struct server_commands asking_commands(struct running_commands *all);

#endif
