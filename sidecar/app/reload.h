// SPDX-License-Identifier: Apache-2.0
// Reads the settings again: on request, and when a shared file that profiles come from has changed. Reading and
// checking takes long where there are many profiles or slow files, so a thread of the pool does it; it also frees the
// settings that are replaced. What cannot be read or applied is logged and changes nothing.
#ifndef SIDECAR_APP_RELOAD_H
#define SIDECAR_APP_RELOAD_H

#include <stdint.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct log;
struct notify;
struct reload; // opaque
struct profile_table;
struct settings;
struct uv_loop_s;

struct reload_deps {
        struct uv_loop_s *loop;
        const struct log *log;
        struct notify *manager; // the service manager
        uint64_t poll_every_ms; // of files that the kernel does not watch; see watch.h
        // In a thread of the pool: must not change anything. 0 and *ret, or -1 with *e.
        int (*load)(void *context, struct profile_table **ret, struct error *e);
        // On the loop; as profile_set_apply().
        int (*apply)(void *context, struct profile_table *table, struct profile_table **ret_before, struct error *e);
        void *context;
};

// NULL: out of memory.
MUST_CHECK struct reload *reload_new(const struct reload_deps *deps);

// Watches the files that `settings`, now in force, come from. `read_ns`: watch_moment() before they were read.
void reload_watch(struct reload *r, const struct settings *settings, int64_t read_ns);

// Begins to read the settings, and applies them when they are read. While a reload is under way, one more follows it,
// however often this is called. `cause` is for the log ("signal") and must stay.
void reload_run(struct reload *r, const char *cause);

// Ends the watching and a reload under way: nothing is applied or logged any more. The loop frees its memory once the
// thread is done. NULL is fine.
void reload_close(struct reload *r);

#endif
