// SPDX-License-Identifier: Apache-2.0
// Tells when one of some files has become another: written, replaced, made, removed, or reached by a symbolic link that
// was (as Kubernetes does with mounted secrets). The kernel's events from their folders make it quick; it also looks
// from time to time, for what has no events: network file systems, links into other folders. Loop thread only.
#ifndef SIDECAR_IO_WATCH_H
#define SIDECAR_IO_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "proto/mem/must_check.h"

struct uv_loop_s;
struct watch; // opaque

struct watch_deps {
        struct uv_loop_s *loop;
        uint64_t poll_every_ms; // without events
        void (*changed)(void *arg);
        void *arg;
};

// Watches nothing yet. `changed` is called from the loop, once for all changes up to then, when the files have looked
// the same for a quarter of a second, so that one that is being written is rarely met half-way. It may call
// watch_set() and watch_close(). NULL: out of memory.
MUST_CHECK struct watch *watch_new(const struct watch_deps *deps);

// Now, as the kernel dates files. Nanoseconds since 1970.
int64_t watch_moment(void);

// Watches these files (absolute paths, copied; they or their folders may not exist yet) instead of those before. A file
// that was among those before is still held against what it was when last told of, another one against what it is now;
// but where that is not older than `read_ns`, a watch_moment() before somebody read it, it counts as changed. 0, or -1:
// out of memory, and all is as it was.
MUST_CHECK int watch_set(struct watch *w, char *const *paths, size_t count, int64_t read_ns);

// Ends it; its memory goes from the loop. NULL is fine.
void watch_close(struct watch *w);

#endif
