// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/agent_place.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/c/user_socket.h"
#include "proto/mem/length.h"
#include "proto/mem/slice.h"
#include "proto/wire/api.h"

// --- the socket ---

static int make_absolute(const char *path, char *out, size_t size)
{
        char directory[PATH_MAX];
        int n;
        if (path[0] == '/')
                n = snprintf(out, size, "%s", path);
        else if (getcwd(directory, sizeof(directory)))
                n = snprintf(out, size, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, path);
        else
                return -errno;
        return n < (int)size ? 0 : -ENAMETOOLONG;
}

int agent_place_socket(const char *socket, char path[LIMIT_UNIX_PATH + 1])
{
        char given[LIMIT_UNIX_PATH + 1];
        const char *variable = getenv("KEYFOB_SOCKET"), *directory = getenv("XDG_RUNTIME_DIR");
        bool is_named =
            (socket && socket[0]) || (variable && variable[0]) || (directory && directory[0]) || geteuid() == 0;
        if (!is_named)
                return user_socket_path(geteuid(), path);
        int r = api_socket_path(socket, variable, directory, NULL, given, sizeof(given));
        return r < 0 ? r : make_absolute(given, path, LIMIT_UNIX_PATH + 1);
}

// --- the program ---

static bool is_program(const char *path)
{
        return access(path, X_OK) == 0;
}

int agent_place_program(char path[AGENT_PROGRAM_SIZE])
{
        const char program[] = "keyfobd";
        ssize_t n = readlink("/proc/self/exe", path, AGENT_PROGRAM_SIZE - sizeof(program) - 1);
        while (n > 0 && path[n - 1] != '/')
                n--;
        if (n > 0) {
                memcpy(path + n, program, sizeof(program));
                if (is_program(path))
                        return 0;
        }
        const char *directories = getenv("PATH");
        while (directories && directories[0]) {
                size_t length = strcspn(directories, ":");
                // A relative directory is somebody's working directory.
                if (directories[0] == '/' && length < AGENT_PROGRAM_SIZE - sizeof(program) - 1) {
                        (void)snprintf(path, AGENT_PROGRAM_SIZE, "%.*s/%s", (int)length, directories, program);
                        if (is_program(path))
                                return 0;
                }
                directories += length + (directories[length] == ':');
        }
        return -ENOENT;
}

// --- the environment ---

// Of one shell, or of a process that a service manager started. The agent outlives both, and serves other shells.
static const char *const removed[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "KEYFOB_PROFILE",
    "KEYFOB_SOCKET",
    "NOTIFY_SOCKET",
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
};

// What keyfob exec set, for its own command: beginnings of variables.
static const char *const of_exec[] = {
    "KEYFOB_EXEC=",
    "AWS_REGION=",
    "AWS_DEFAULT_REGION=",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN=",
    "AWS_CONFIG_FILE=/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
    "BOTO_CONFIG=/dev/null",
};

static const char *const paths[] = {
    "KEYFOB_CONFIG", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE",
};

// The value of a variable with that name, or NULL.
static const char *value_of(const char *variable, const char *name)
{
        size_t n = strlen(name);
        return strncmp(variable, name, n) == 0 && variable[n] == '=' ? variable + n + 1 : NULL;
}

// Such an endpoint is served by a local program for the commands that it runs.
static bool is_loopback_endpoint(const char *variable)
{
        const char *url = value_of(variable, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
        struct slice text = slice_str(url);
        return url &&
               (slice_starts_with(text, SLICE("http://127.")) || slice_starts_with(text, SLICE("http://localhost")) ||
                slice_starts_with(text, SLICE("http://[::1]")));
}

static bool is_in_exec(char *const *environment)
{
        for (size_t i = 0; environment[i]; i++)
                if (value_of(environment[i], "KEYFOB_EXEC"))
                        return true;
        return false;
}

static bool is_removed(const char *variable, bool in_exec)
{
        for (size_t i = 0; i < LENGTH(removed); i++)
                if (value_of(variable, removed[i]))
                        return true;
        for (size_t i = 0; in_exec && i < LENGTH(of_exec); i++)
                if (slice_starts_with(slice_str(variable), slice_str(of_exec[i])))
                        return true;
        return is_loopback_endpoint(variable);
}

// The variable with an absolute path for a relative one; NULL: it stays as it is. False: out of memory.
static bool make_path_absolute(const char *variable, char **ret)
{
        *ret = NULL;
        for (size_t i = 0; i < LENGTH(paths); i++) {
                const char *value = value_of(variable, paths[i]);
                if (!value || value[0] == '\0' || value[0] == '/' || value[0] == '~')
                        continue;
                size_t size = strlen(variable) + PATH_MAX + 2, head = (size_t)(value - variable);
                *ret = malloc(size);
                if (!*ret)
                        return false;
                memcpy(*ret, variable, head);
                if (make_absolute(value, *ret + head, size - head) < 0)
                        (void)snprintf(*ret, size, "%s", variable);
                break; // it has one name
        }
        return true;
}

// One block of pointers; those of changed texts follow the end of the list, for agent_place_free().
char **agent_place_environment(char *const *environment)
{
        size_t count = 0, kept = 0, made = 0;
        while (environment[count])
                count++;
        bool in_exec = is_in_exec(environment);
        char **list = calloc(count + LENGTH(paths) + 2, sizeof(char *));
        char *own[LENGTH(paths)] = {NULL};
        for (size_t i = 0; list && i < count; i++) {
                char *changed;
                if (is_removed(environment[i], in_exec))
                        continue;
                if (!make_path_absolute(environment[i], &changed)) {
                        while (made > 0)
                                free(own[--made]);
                        free(list);
                        return NULL;
                }
                list[kept++] = changed ? changed : environment[i];
                if (changed && made < LENGTH(own))
                        own[made++] = changed;
        }
        for (size_t i = 0; list && i < made; i++)
                list[kept + 1 + i] = own[i];
        return list;
}

void agent_place_free(char **environment)
{
        size_t n = 0;
        if (!environment)
                return;
        while (environment[n])
                n++;
        for (n++; environment[n]; n++)
                free(environment[n]);
        free(environment);
}
