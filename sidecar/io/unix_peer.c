// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include "sidecar/io/unix_listen.h"

int unix_peer(int fd, struct peer *ret)
{
        struct ucred credentials;
        socklen_t size = sizeof(credentials);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
                return -1;
        // The kernel's values for a socket without a peer.
        if (credentials.uid == (uid_t)-1 || credentials.gid == (gid_t)-1)
                return -1;
        *ret = (struct peer){.uid = credentials.uid, .gid = credentials.gid, .pid = credentials.pid};
        return 0;
}
