// SPDX-License-Identifier: Apache-2.0
// Runs a function in libuv's thread pool that would block the loop: reading many files, computing for more than a
// millisecond. The pool is small (four threads by default) and shared, so each owner has at most one work under way.
// For calls that may never return use workers.h.
#ifndef SIDECAR_IO_WORK_H
#define SIDECAR_IO_WORK_H

#include <stdbool.h>
#include <uv.h>

// Runs in a thread of the pool. Until its completion, the loop thread must not touch what it writes, nor change what it
// reads.
typedef void work_run_fn(void *arg);

// Runs on the loop. `is_cancelled`: work_cancel() was called before; the function has run completely or not at all. The
// work has ended: it may be started again, or its memory freed.
typedef void work_done_fn(void *arg, bool is_cancelled);

// A member of its owner, zeroed before its first start; its members are private.
struct work {
        uv_work_t request;
        work_run_fn *run;
        work_done_fn *done;
        void *arg;
        bool is_under_way, is_cancelled; // used by the loop thread only
};

// Must not be under way. `done` is called exactly once, never before this has returned, and always after `run` has
// ended. Cannot fail.
void work_start(struct work *w, struct uv_loop_s *loop, work_run_fn *run, work_done_fn *done, void *arg);

// `done` is still called, once, from the loop: soon if `run` has not begun (it never will), else when `run` has ended,
// as a thread cannot be stopped from outside. Does nothing if the work is not under way.
void work_cancel(struct work *w);

#endif
