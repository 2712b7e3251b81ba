// SPDX-License-Identifier: Apache-2.0
// Threads for calls that may never return: for a key in a token or a TPM, or a file on a network that hangs. A thread
// cannot be stopped from outside, so a late one is given up and no longer counted. It blocks only its device (the
// token, the TPM, the file): neither the jobs of other devices nor libuv's pool. Loop thread only.
#ifndef SIDECAR_IO_WORKERS_H
#define SIDECAR_IO_WORKERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "proto/mem/must_check.h"

struct worker_job;
struct workers; // opaque

enum {
        WORKERS_PER_DEVICE = 2,
        WORKERS_BUSY_MAX = 8, // in all, without those that are late
        WORKERS_MAX = 32      // with them
};

enum worker_end {
        WORKER_RAN,       // completely or, after worker_job_cancel(), perhaps in part
        WORKER_CANCELLED, // never ran
        WORKER_STUCK,     // never ran: all workers of its device are late
        WORKER_NO_THREAD, // never ran: the system has no thread, or no memory
};

struct worker_task {
        const char *device; // jobs with the same name share workers; must be valid until `done`
        uint64_t late_ms;   // in the loop's time, from the start of the thread
        // Runs in a worker. Until `done`, the loop thread must not touch what it writes, nor change what it reads.
        void (*run)(struct worker_job *job, void *arg);
        // Called on the loop: the worker is late, and still running. At most once; may be NULL.
        void (*late)(void *arg);
        // Called on the loop: the job has ended, and may be started again, or its memory freed. Once; never, if the
        // worker does not return.
        void (*done)(void *arg, enum worker_end end);
        void *arg;
};

// A member of its owner, zeroed before its first start; its members are private.
struct worker_job {
        struct worker_task task;
        struct workers *workers;
        TAILQ_ENTRY(worker_job) all, ended;
        struct delay *late;
        uv_thread_t thread;
        enum worker_end end;
        bool is_waiting, is_running, is_late;
        atomic_bool is_cancelled;
};

// NULL: out of memory, or out of descriptors.
MUST_CHECK struct workers *workers_new(struct uv_loop_s *loop);

// The job begins when a worker is free for it, in the order of these calls. Neither callback is called before this has
// returned. Must not be under way.
void workers_start(struct workers *workers, struct worker_job *job, const struct worker_task *task);

// Ends a job that has no worker yet, soon. For a running job, worker_job_is_cancelled() becomes true. Does nothing if
// it is not under way.
void worker_job_cancel(struct worker_job *job);

// For `run`: whether it should return early.
bool worker_job_is_cancelled(const struct worker_job *job);

// The memory is freed from the loop when the last job has ended. NULL is fine.
void workers_close(struct workers *workers);

#endif
