// SPDX-License-Identifier: Apache-2.0
// Runs a program that outlives this process and shares nothing with it.
#ifndef CLIENTS_CLI_AGENT_PROCESS_H
#define CLIENTS_CLI_AGENT_PROCESS_H

#include "proto/mem/must_check.h"

// Runs arguments[0] with `arguments` (NULL-terminated) and the environment of agent_place_environment(): as a process
// that is not our child, in a session of its own, in "/", with default signals, and with no descriptor but /dev/null
// and a pipe as standard error. Returns the pipe's other end, or -errno. What keeps the program from running is written
// to the pipe as "keyfobd: …".
MUST_CHECK int agent_process_start(const char *const *arguments);

#endif
