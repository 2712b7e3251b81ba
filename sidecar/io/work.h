// SPDX-License-Identifier: Apache-2.0
// Runs a function in libuv's pool of threads, for what would block the loop: many files, a computation of more than a
// millisecond. The pool is small (four threads by default) and others need it too, so one owner has one work under way
// at most. What may never come back belongs into workers.h.
#ifndef SIDECAR_IO_WORK_H
#define SIDECAR_IO_WORK_H

#include <stdbool.h>
#include <uv.h>

// In a thread of the pool. Until its completion, whatever it writes belongs to it, and whatever it reads must not
// change: the loop thread keeps its hands off.
typedef void work_run_fn(void *arg);

// On the loop. `is_cancelled`: work_cancel() was called in time; then the function has run whole, or not at all. The
// work is over: it may be started again, or its memory freed.
typedef void work_done_fn(void *arg, bool is_cancelled);

// Part of its owner's memory, zeroed before its first start; the members are its own.
struct work {
        uv_work_t request;
        work_run_fn *run;
        work_done_fn *done;
        void *arg;
        bool is_under_way, is_cancelled; // the loop thread's
};

// Not while it is under way. `done` is called exactly once, never before this has returned, and always after `run` has
// ended. Cannot fail.
void work_start(struct work *w, struct uv_loop_s *loop, work_run_fn *run, work_done_fn *done, void *arg);

// `done` still fires, once, from the loop: soon when `run` has not begun (it never will), else when it has ended, as
// nothing stops a thread from outside. Nothing happens when the work is not under way.
void work_cancel(struct work *w);

#endif
