// SPDX-License-Identifier: Apache-2.0
// One snapshot of the environment, taken at start; nothing else calls getenv().
#ifndef SIDECAR_BASE_ENV_H
#define SIDECAR_BASE_ENV_H

struct env {
        char **entries; // "NAME=value", NULL-terminated; borrowed from the caller of env_init()
};

void env_init(struct env *env, char **entries);

// The value, or NULL when it is unset or empty. Borrowed.
const char *env_get(const struct env *env, const char *name);

#endif
