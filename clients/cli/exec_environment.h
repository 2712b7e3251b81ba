// SPDX-License-Identifier: Apache-2.0
// The environment of a command that `keyfob exec` runs.
#ifndef CLIENTS_CLI_EXEC_ENVIRONMENT_H
#define CLIENTS_CLI_EXEC_ENVIRONMENT_H

#include <stddef.h>

#include "proto/mem/must_check.h"

// The profile of the `keyfob exec` that this process runs in.
#define EXEC_MARK "KEYFOB_EXEC"

struct exec_variable {
        const char *name;
        const char *value; // NULL or "": not set, and removed
};

struct exec_environment {
        char **list; // for execve()
        char *memory;
        size_t memory_size;
};

// `inherited` (a list as for execve(), borrowed until the environment is freed) without the variables that name other
// credentials to any AWS SDK, and with `variables`, in place of inherited ones of the same name. 0, or -1: out of
// memory.
MUST_CHECK int exec_environment_new(char *const *inherited, const struct exec_variable *variables, size_t count,
                                    struct exec_environment *ret);

// Wipes and frees it.
void exec_environment_free(struct exec_environment *environment);

#endif
