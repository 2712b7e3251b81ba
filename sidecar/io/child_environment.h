// SPDX-License-Identifier: Apache-2.0
// The environment of the commands that the agent runs: its own, without what would lead an AWS tool or keyfob back to
// the agent, and without what the service manager meant for the agent alone.
#ifndef SIDECAR_IO_CHILD_ENVIRONMENT_H
#define SIDECAR_IO_CHILD_ENVIRONMENT_H

#include "proto/mem/must_check.h"

// `entries`: "NAME=value", NULL-terminated, or NULL. The result is another such list, which the caller frees; its
// entries are borrowed. NULL: out of memory.
MUST_CHECK char **child_environment(char *const *entries);

#endif
