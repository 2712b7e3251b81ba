// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/exec_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/mem/slice.h"
#include "proto/wire/limits.h"

#define SHELL "/bin/sh"
#define DEFAULT_PATH "/usr/local/bin:/bin:/usr/bin"

// The first file of that name in $PATH that may be executed. False: none.
static bool find(const char *name, char *ret, size_t size)
{
        const char *path = getenv("PATH");
        struct slice rest = slice_str(path ? path : DEFAULT_PATH);
        for (;;) {
                struct slice folder = slice_head(rest, slice_find(rest, ':'));
                int n = snprintf(ret, size, "%.*s%s%s", (int)folder.n, (const char *)folder.p, folder.n > 0 ? "/" : "",
                                 name);
                if (n > 0 && (size_t)n < size && access(ret, X_OK) == 0)
                        return true;
                if (folder.n == rest.n)
                        return false;
                rest = slice_from(rest, folder.n + 1);
        }
}

// Not by execvp(): musl's does not do it.
static int execute_script(char *const *command, char *const *environment)
{
        char found[LIMIT_CONFIG_PATH];
        size_t count = 1;
        const char *script = command[0];
        while (command[count])
                count++;
        if (!strchr(script, '/')) {
                if (!find(script, found, sizeof(found)))
                        return ENOENT;
                script = found;
        }
        const char **list = calloc(count + 2, sizeof(*list));
        if (!list)
                return ENOMEM;
        list[0] = SHELL;
        list[1] = script;
        for (size_t i = 1; i < count; i++)
                list[i + 1] = command[i];
        (void)execve(SHELL, (char *const *)list, environment);
        int cause = errno;
        free(list);
        return cause;
}

int exec_command(char *const *command, char *const *environment)
{
        (void)execvpe(command[0], command, environment);
        return errno == ENOEXEC ? execute_script(command, environment) : errno;
}
