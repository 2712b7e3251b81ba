// SPDX-License-Identifier: Apache-2.0
// Runs the command of a file's "on_rotate": no more than one at a time, and once more if there was another file
// meanwhile. Loop thread only.
#ifndef SIDECAR_APP_ON_ROTATE_H
#define SIDECAR_APP_ON_ROTATE_H

#include <stdbool.h>
#include <stdint.h>

struct child;
struct env;
struct file_settings;
struct log;
struct uv_loop_s;

enum { ON_ROTATE_TIMEOUT_MS = 60000, ON_ROTATE_OUTPUT_MAX = 64 * 1024 };

struct on_rotate_deps {
        struct uv_loop_s *loop;
        const struct log *log;
        const struct env *env; // of the agent; the command gets what child_environment() leaves of it
};

// A member of its owner, who sets `deps` and `ended`; the rest is private and begins zeroed.
struct on_rotate {
        const struct on_rotate_deps *deps;
        void (*ended)(void *owner); // on_rotate_close() has waited for this
        void *owner;
        struct child *child;              // NULL: none runs
        const struct file_settings *next; // a run that is due once that one has ended; NULL: none
        uint64_t reported_ms;             // of the loop's time: the last failure at this level
        bool has_reported, is_closing;
};

// For a file that was just written; `file` must be valid until on_rotate_forget() or the end of the run. Does nothing
// if the file has no command. Failures go to the log, one a
// minute (the others at level debug): clients may have a profile refreshed as often as they like.
void on_rotate_run(struct on_rotate *r, const struct file_settings *file);

// The settings of the file are about to be replaced by `file`, or to go (NULL).
void on_rotate_replace(struct on_rotate *r, const struct file_settings *file);

// Ends a command that runs, and all of its process group. True: `ended` is called later, from the loop; false: nothing
// runs.
bool on_rotate_close(struct on_rotate *r);

#endif
