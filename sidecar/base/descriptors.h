// SPDX-License-Identifier: Apache-2.0
// The limit of open files (RLIMIT_NOFILE): raised once at the start, divided between peers and the agent's own work,
// and given back to the commands that the agent runs.
#ifndef SIDECAR_BASE_DESCRIPTORS_H
#define SIDECAR_BASE_DESCRIPTORS_H

#include <stddef.h>

// Raises the soft limit to the hard one. Processes that are forked from now on get the limit that this one was started
// with: programs that close or count all descriptors up to the limit are slow with a high one. Once, before any thread.
// Returns the limit that holds.
size_t descriptors_raise(void);

// How many of `limit` descriptors peers may take with their connections. The rest is for what the agent opens itself
// while they hold all of theirs: calls upstream, token files, commands, a reload, a connection of its operator.
size_t descriptors_for_peers(size_t limit);

#endif
