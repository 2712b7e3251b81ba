// SPDX-License-Identifier: Apache-2.0
// Reports changes of files: written, replaced, created, removed, or reached through a symbolic link that was changed
// (as Kubernetes does with mounted secrets). It uses the kernel's events for their folders, and also checks
// periodically, for changes without events: on network file systems, behind links into other folders. Loop thread only.
#ifndef SIDECAR_IO_WATCH_H
#define SIDECAR_IO_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "proto/mem/must_check.h"

struct uv_loop_s;
struct watch; // opaque

struct watch_deps {
        struct uv_loop_s *loop;
        uint64_t poll_every_ms; // between periodic checks
        void (*changed)(void *arg);
        void *arg;
};

// Watches nothing yet. `changed` is called from the loop, once for all changes so far, when no file has changed for a
// quarter of a second, so that a file is rarely read while it is being written. It may call watch_set() and
// watch_close(). NULL: out of memory.
MUST_CHECK struct watch *watch_new(const struct watch_deps *deps);

// The current time of the clock that dates files. Nanoseconds since 1970.
int64_t watch_moment(void);

// Watches these files (absolute paths, copied; they or their folders need not exist) instead of the earlier ones. A
// file that was already watched is still compared with its state when last reported, a new one with its present state.
// But if that state is not older than `read_ns` (a watch_moment() before the file was read), it counts as changed. 0,
// or -1: out of memory, and nothing has changed.
MUST_CHECK int watch_set(struct watch *w, char *const *paths, size_t count, int64_t read_ns);

// Stops watching; frees the memory from the loop. NULL is fine.
void watch_close(struct watch *w);

#endif
