// SPDX-License-Identifier: Apache-2.0
// Runs a command: without a shell, in a session and process group of its own, with /dev/null as its standard input and
// no descriptor of this process but the two pipes that it writes to. Its output and its time are limited.
#ifndef SIDECAR_IO_CHILD_H
#define SIDECAR_IO_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

struct child;
struct uv_loop_s;

struct child_options {
        char *const *words;       // NULL-terminated; the first without "/" is looked up in PATH of `environment`
        char *const *environment; // "NAME=value", NULL-terminated
        size_t output_max;        // bytes on standard output
        int64_t timeout_ms;       // real time
};

enum child_end {
        CHILD_EXITED,    // `status`
        CHILD_SIGNALLED, // by `signal`, which we did not send
        CHILD_TIMED_OUT, // this and all below: we ended it
        CHILD_TOO_MUCH,  // more output than output_max
        CHILD_NO_MEMORY, // for its output
        CHILD_CANCELLED
};

struct child_result {
        enum child_end end;
        int status, signal;
        struct slice output; // standard output; borrowed during the completion, wiped after it
        struct slice errors; // standard error, the last 8 to 16 KiB of it; likewise
};

typedef void child_done_fn(void *arg, const struct child_result *result);

// The command is running when this returns (the loop waits for its exec, which reads the disk). `done` is called
// exactly once, from the loop, when the command has ended; then the child has been freed. Does not wait for processes
// that it left behind. NULL with *e: nothing runs, and `done` is never called; ERROR_CONFIG if there is no such
// command, or it may not be run.
MUST_CHECK struct child *child_start(struct uv_loop_s *loop, const struct child_options *options, child_done_fn *done,
                                     void *arg, struct error *e);

// Its process id, which is also that of its session.
int child_pid(const struct child *child);

// Ends it and all of its process group: SIGTERM, and half a second later SIGKILL. `done` still fires, once, from the
// loop, with CHILD_CANCELLED.
void child_cancel(struct child *child);

#endif
