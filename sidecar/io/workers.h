// SPDX-License-Identifier: Apache-2.0
// Threads for what may never come back: a key in a token or a TPM, a file on a network that hangs. Nothing stops a
// thread from outside, so one that is late is given up and not counted on any more; what it blocks is its worker, the
// name of the thing that it is at, and nobody else: neither other workers nor libuv's pool. Loop thread only.
#ifndef SIDECAR_IO_WORKERS_H
#define SIDECAR_IO_WORKERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

struct worker_job;
struct workers; // opaque

enum {
        WORKER_THREADS = 2,      // in one worker
        WORKERS_AT_WORK = 8,     // in all, without those that are late
        WORKERS_THREADS_MAX = 32 // with them
};

enum worker_end {
        WORKER_RAN,       // whole or, after worker_job_cancel(), perhaps in part
        WORKER_CANCELLED, // before it had a thread
        WORKER_STUCK,     // never ran: all threads of its worker are late
        WORKER_NO_THREAD, // never ran: the system has none, or no memory
};

struct worker_task {
        const char *worker; // must stay until `done`
        uint64_t late_ms;   // the loop's time from when the thread begins
        // In a thread of its own. Until `done`, whatever it writes belongs to it, and whatever it reads must not
        // change.
        void (*run)(struct worker_job *job, void *arg);
        // On the loop: the thread is late, and still at it. At most once; NULL: nobody wants to know.
        void (*late)(void *arg);
        // On the loop: it is over, and the job may be started again, or its memory freed. Once, if the thread ever
        // comes back, late or not.
        void (*done)(void *arg, enum worker_end end);
        void *arg;
};

// Part of its owner's memory, zeroed before its first start; the members are the workers' own.
struct worker_job {
        struct worker_task order;
        struct workers *workers;
        TAILQ_ENTRY(worker_job) all, ended;
        struct delay *late;
        uv_thread_t thread;
        enum worker_end end;
        bool is_waiting, is_running, is_late;
        atomic_bool is_cancelled;
};

// NULL: out of memory, or the loop has no descriptor for it.
struct workers *workers_new(struct uv_loop_s *loop);

// Begins when its worker and the others leave room for it, in the order of starting. Neither callback comes before this
// has returned. Not while the job is under way.
void workers_start(struct workers *l, struct worker_job *job, const struct worker_task *order);

// It is over soon, if it has no thread yet; else when its thread is. Nothing happens when it is not under way.
void worker_job_cancel(struct worker_job *job);

// For `run`: whether to leave off.
bool worker_job_is_cancelled(const struct worker_job *job);

// When the last job is over, the memory goes, from the loop. NULL is fine.
void workers_close(struct workers *l);

#endif
