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
                const char *value = *entry + n + 1;
                if (strncmp(*entry, name, n) == 0 && (*entry)[n] == '=')
                        return value[0] != '\0' ? value : NULL;
        }
        return NULL;
}
