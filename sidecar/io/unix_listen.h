// SPDX-License-Identifier: Apache-2.0
// Creates the listening Unix socket under a private name and renames it last, so that it can never be reached with the
// wrong mode or owner.
#ifndef SIDECAR_IO_UNIX_LISTEN_H
#define SIDECAR_IO_UNIX_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct unix_listen {
        const char *path;
        mode_t mode;  // such as 0600
        bool has_gid; // else the group is that of a new file
        gid_t gid;
};

// Binds under a temporary name beside `path` with mode 0600, sets group and mode, listens, renames over `path`. A
// missing parent directory is made with mode 0700 (0755 under /run when running as root). A socket file that nobody
// answers on is stale and replaced; one that answers is ERROR_CONFIG ("another agent is running"); another kind of
// file is never replaced. Returns the descriptor (close-on-exec, non-blocking), or -1 with *e. *ret_inode (may be
// NULL) identifies the socket for unix_listen_unlink().
MUST_CHECK int unix_listen_open(const struct unix_listen *options, ino_t *ret_inode, struct error *e);

// Removes `path` if it is still the socket with that inode.
void unix_listen_unlink(const char *path, ino_t inode);

#define PEER_UNKNOWN ((uid_t)-1) // which is no uid

struct peer {
        uid_t uid; // PEER_UNKNOWN: of a TCP connection from elsewhere (tcp_listen.h)
        gid_t gid; // (gid_t)-1: likewise, of every TCP connection
        pid_t pid; // 0 across PID namespaces, and over TCP; for logs only
};

// Who connected (SO_PEERCRED: as at connect()). -1: unknown, refuse.
MUST_CHECK int unix_peer(int fd, struct peer *ret);

#endif
