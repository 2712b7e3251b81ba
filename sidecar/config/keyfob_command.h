// SPDX-License-Identifier: Apache-2.0
// Recognises commands that ask an agent: `keyfob credential-process NAME`, also behind env, timeout, sh -c and the
// like. Pure. What a script does in the end cannot be known from its text: providers/running_commands.h notices it
// later.
#ifndef SIDECAR_CONFIG_KEYFOB_COMMAND_H
#define SIDECAR_CONFIG_KEYFOB_COMMAND_H

#include <stdbool.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "proto/wire/limits.h"

enum { KEYFOB_COMMAND_PATH_SIZE = 4096 };

struct keyfob_command {
        char profile[LIMIT_PROFILE_NAME + 1];  // that it asks for
        char socket[KEYFOB_COMMAND_PATH_SIZE]; // by an option or a variable; "": by the rule of api_socket_path(), with
        char runtime_dir[KEYFOB_COMMAND_PATH_SIZE]; // this XDG_RUNTIME_DIR,
        bool has_runtime_dir;                       // or with the agent's own, unless it is "" here
};

// Whether the command (credential_process) surely runs keyfob credential-process and nothing else: 1, or 0. -1: out of
// memory.
MUST_CHECK int keyfob_command_read(struct slice command, struct keyfob_command *ret);

#endif
