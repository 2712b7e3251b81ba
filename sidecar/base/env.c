// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/env.h"

#include <string.h>

void env_init(struct env *env, char **entries)
{
        env->entries = entries;
}

const char *env_get(const struct env *env, const char *name)
{
        size_t n = strlen(name);
        for (char **entry = env->entries; entry && *entry; entry++) {
                if (strncmp(*entry, name, n) == 0 && (*entry)[n] == '=')
                        return (*entry)[n + 1] != '\0' ? *entry + n + 1 : NULL;
        }
        return NULL;
}
