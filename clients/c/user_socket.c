// SPDX-License-Identifier: Apache-2.0
#include "clients/c/user_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_private(uid_t uid, const char *directory)
{
        struct stat st;
        return lstat(directory, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid && (st.st_mode & 077) == 0;
}

int user_socket_path(uid_t uid, char path[LIMIT_UNIX_PATH + 1])
{
        char directory[LIMIT_UNIX_PATH + 1];
        int n = 0;
        (void)snprintf(directory, sizeof(directory), "/run/user/%lu", (unsigned long)uid);
        if (is_private(uid, directory))
                n = snprintf(path, LIMIT_UNIX_PATH + 1, "%s/keyfob/keyfob.sock", directory);
        else
                n = snprintf(path, LIMIT_UNIX_PATH + 1, "/tmp/keyfob-%lu/keyfob.sock", (unsigned long)uid);
        return n <= LIMIT_UNIX_PATH ? 0 : -ENAMETOOLONG;
}

bool user_socket_is_there(uid_t uid, const char *path)
{
        char directory[LIMIT_UNIX_PATH + 1];
        const char *slash = strrchr(path, '/');
        if (!slash || slash == path || (size_t)(slash - path) >= sizeof(directory))
                return false;
        memcpy(directory, path, (size_t)(slash - path));
        directory[slash - path] = '\0';
        return is_private(uid, directory) && access(path, F_OK) == 0;
}
