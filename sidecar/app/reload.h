// SPDX-License-Identifier: Apache-2.0
// Settings that are read again: when somebody asks for it, and when one of the shared files that profiles come from has
// changed. Reading and checking them takes long where there are many, or files that are slow: it is done in a thread of
// the pool, and so is giving back the memory of those before. What cannot be read or applied changes nothing and is
// logged; it is read again when it has changed again.
#ifndef SIDECAR_APP_RELOAD_H
#define SIDECAR_APP_RELOAD_H

#include <stdint.h>

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
        uint64_t poll_every_ms; // at files that make no events; see watch.h
        // In a thread of the pool: reads what does not change, and changes nothing. 0 and *ret, or -1 with *e.
        int (*load)(void *context, struct profile_table **ret, struct error *e);
        // On the loop; as profile_set_apply().
        int (*apply)(void *context, struct profile_table *table, struct profile_table **ret_before, struct error *e);
        void *context;
};

// NULL: out of memory.
struct reload *reload_new(const struct reload_deps *deps);

// Watches what `settings`, now in force, come from. `read_ns`: watch_moment() before they were read.
void reload_watch(struct reload *r, const struct settings *settings, int64_t read_ns);

// Begins to read them, and applies them when they are read. While a reload is under way, one more follows it, however
// often this is called. `cause` is for the log ("signal") and must stay.
void reload_run(struct reload *r, const char *cause);

// Ends the watching, and with it a reload under way: nothing is applied, told or logged any more. Its memory goes from
// the loop, when the thread has come back. NULL is fine.
void reload_close(struct reload *r);

#endif
