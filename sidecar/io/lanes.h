// SPDX-License-Identifier: Apache-2.0
// Threads for what may never come back: a key in a token or a TPM, a file on a network that hangs. Nothing stops a
// thread from outside, so one that is late is given up and not counted on any more; what it blocks is its lane, the
// name of the thing that it is at, and nobody else: neither other lanes nor libuv's pool. Loop thread only.
#ifndef SIDECAR_IO_LANES_H
#define SIDECAR_IO_LANES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

struct lane_job;
struct lanes; // opaque

enum {
        LANE_THREADS = 2,      // in one lane
        LANES_AT_WORK = 8,     // in all, without those that are late
        LANES_THREADS_MAX = 32 // with them
};

enum lane_end {
        LANE_RAN,       // whole or, after lane_job_cancel(), perhaps in part
        LANE_CANCELLED, // before it had a thread
        LANE_STUCK,     // never ran: all threads of its lane are late
        LANE_NO_THREAD, // never ran: the system has none, or no memory
};

struct lane_order {
        const char *lane; // must stay until `done`
        uint64_t late_ms; // the loop's time from when the thread begins
        // In a thread of its own. Until `done`, whatever it writes belongs to it, and whatever it reads must not
        // change.
        void (*run)(struct lane_job *job, void *arg);
        // On the loop: the thread is late, and still at it. At most once; NULL: nobody wants to know.
        void (*late)(void *arg);
        // On the loop: it is over, and the job may be started again, or its memory freed. Once, if the thread ever
        // comes back, late or not.
        void (*done)(void *arg, enum lane_end end);
        void *arg;
};

// Part of its owner's memory, zeroed before its first start; the members are the lanes' own.
struct lane_job {
        struct lane_order order;
        struct lanes *lanes;
        TAILQ_ENTRY(lane_job) all, ended;
        struct delay *late;
        uv_thread_t thread;
        enum lane_end end;
        bool is_waiting, is_running, is_late;
        atomic_bool is_cancelled;
};

// NULL: out of memory, or the loop has no descriptor for it.
struct lanes *lanes_new(struct uv_loop_s *loop);

// Begins when its lane and the others leave room for it, in the order of starting. Neither callback comes before this
// has returned. Not while the job is under way.
void lanes_start(struct lanes *l, struct lane_job *job, const struct lane_order *order);

// It is over soon, if it has no thread yet; else when its thread is. Nothing happens when it is not under way.
void lane_job_cancel(struct lane_job *job);

// For `run`: whether to leave off.
bool lane_job_is_cancelled(const struct lane_job *job);

// When the last job is over, the memory goes, from the loop. NULL is fine.
void lanes_close(struct lanes *l);

#endif
