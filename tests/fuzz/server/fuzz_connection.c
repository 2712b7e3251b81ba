// SPDX-License-Identifier: Apache-2.0
// The native API on a Unix socket: world.h says what the input does.
#include <sys/un.h>

#include "sidecar/server/api_native.h"
#include "tests/fuzz/server/world.h"

static int listen_abstractly(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "keyfob-fuzz-%d", getpid());
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
        must(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 8) == 0);
        return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct server_listener native = {.apis = {&api_native}, .apis_count = 1};
        struct world w = {.fd = -1};
        if (!is_playable(slice_of(data, size)))
                return 0;
        set_up(&w, listen_abstractly(), &native);
        run_world(&w, slice_of(data, size), act);
        tear_down(&w);
        return 0;
}
