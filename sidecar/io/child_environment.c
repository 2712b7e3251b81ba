// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/child_environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem/length.h"

static bool is_left_out(const char *entry)
{
        static const char *const names[] = {"KEYFOB_",     "AWS_PROFILE=", "AWS_DEFAULT_PROFILE=", "NOTIFY_SOCKET=",
                                            "LISTEN_FDS=", "LISTEN_PID=",  "LISTEN_FDNAMES=",      "WATCHDOG_"};
        for (size_t i = 0; i < LENGTH(names); i++)
                if (strncmp(entry, names[i], strlen(names[i])) == 0)
                        return true;
        return false;
}

char **child_environment(char *const *entries)
{
        size_t count = 0, kept = 0;
        while (entries && entries[count])
                count++;
        char **list = calloc(count + 1, sizeof(char *));
        for (size_t i = 0; list && i < count; i++)
                if (!is_left_out(entries[i]))
                        list[kept++] = entries[i];
        return list;
}
