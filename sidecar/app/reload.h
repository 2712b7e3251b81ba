// SPDX-License-Identifier: Apache-2.0
// Settings that are read again: when somebody asks for it, and when one of the shared files that profiles come from has
// changed. What cannot be read or applied changes nothing and is logged; it is read again when it has changed again.
#ifndef SIDECAR_APP_RELOAD_H
#define SIDECAR_APP_RELOAD_H

#include <stdint.h>

#include "sidecar/base/error.h"

struct log;
struct reload; // opaque
struct settings;
struct uv_loop_s;

struct reload_deps {
        struct uv_loop_s *loop;
        const struct log *log;
        const char *manager;    // $NOTIFY_SOCKET, or NULL
        uint64_t look_every_ms; // at files that make no events; see watch.h
        int (*load)(void *context, struct settings **ret, struct error *e);
        int (*apply)(void *context, struct settings *settings, struct error *e); // takes them over, also on failure
        void *context;
};

// NULL: out of memory.
struct reload *reload_new(const struct reload_deps *deps);

// Watches what `settings`, now in force, come from. `read_ns`: watch_moment() before they were read.
void reload_watch(struct reload *r, const struct settings *settings, int64_t read_ns);

// Reads and applies them now. `cause` is for the log: "signal".
void reload_run(struct reload *r, const char *cause);

// Ends the watching; its memory goes from the loop. NULL is fine.
void reload_close(struct reload *r);

#endif
