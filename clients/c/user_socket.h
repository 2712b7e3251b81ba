// SPDX-License-Identifier: Apache-2.0
// The socket of a user's own agent where no variable names one: cron, su, containers.
#ifndef CLIENTS_C_USER_SOCKET_H
#define CLIENTS_C_USER_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/mem/must_check.h"
#include "proto/wire/limits.h"

// Writes the path: in /run/user/UID, if that is the user's own directory, else in /tmp/keyfob-UID. 0, or -ENAMETOOLONG.
MUST_CHECK int user_socket_path(uid_t uid, char path[LIMIT_UNIX_PATH + 1]);

// Whether the socket is there, in a directory that belongs to the user and that nobody else may enter.
bool user_socket_is_there(uid_t uid, const char *path);

#endif
