// SPDX-License-Identifier: Apache-2.0
// While it is out, the work is the thread's.
#include "sidecar/providers/file_task.h"

#include <assert.h>
#include <stdlib.h>

#include "sidecar/base/file.h"
#include "sidecar/base/file_trust.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/workers.h"
#include "sidecar/providers/provider.h"

enum { LATE_MS = 10000 }; // of real time, as it is a disk or a network that is waited for

struct file_task {
        struct worker_job worker;
        struct workers *workers;
        const struct file_task_ops *ops;
        const struct profile *profile; // held
        void (*done)(void *owner, const struct error *e);
        void *owner;
        bool is_out;   // a thread has it, or is to have it
        bool is_freed; // by the owner, or it was told that the thread is late
        struct error error;
        _Alignas(max_align_t) unsigned char work[];
};

static void destroy(struct file_task *t)
{
        t->ops->clear(t->work);
        profile_release(t->profile);
        free(t);
}

static void run(struct worker_job *worker, void *arg)
{
        struct file_task *t = arg;
        if (worker_job_is_cancelled(worker))
                (void)error_set(&t->error, ERROR_CANCELLED, "cancelled");
        else
                t->ops->run(t->work, &t->error);
}

static int hint_stuck(struct error *e)
{
        e->timed_out = true;
        return error_hint(e, "check the file system that holds it; nothing else waits for it, and the agent reads it "
                             "again by itself once it answers");
}

static void on_late(void *arg)
{
        struct file_task *t = arg;
        struct error e;
        if (t->is_freed)
                return;
        (void)error_set(&e, ERROR_TRANSIENT, "%.600s: no answer within %lld ms", t->worker.task.device,
                        (long long)LATE_MS);
        (void)hint_stuck(&e);
        t->done(t->owner, &e); // which frees it
}

static void on_done(void *arg, enum worker_end end)
{
        struct file_task *t = arg;
        t->is_out = false;
        if (t->is_freed) {
                destroy(t);
                return;
        }
        if (end == WORKER_CANCELLED)
                (void)error_set(&t->error, ERROR_CANCELLED, "cancelled");
        if (end == WORKER_NO_THREAD)
                (void)error_set(&t->error, ERROR_INTERNAL, "%.600s: cannot start a thread to read it",
                                t->worker.task.device);
        if (end == WORKER_STUCK) {
                (void)error_set(&t->error, ERROR_TRANSIENT, "%.600s: earlier reads of it have not ended",
                                t->worker.task.device);
                (void)hint_stuck(&t->error);
        }
        t->done(t->owner, t->error.kind == ERROR_NONE ? NULL : &t->error);
}

struct file_task *file_task_new(const struct provider *p, const struct file_task_ops *ops,
                                void (*done)(void *owner, const struct error *e), void *owner)
{
        struct file_task *t = calloc(1, sizeof(*t) + ops->size);
        if (!t)
                return NULL;
        t->workers = p->deps.workers;
        t->ops = ops;
        t->profile = p->profile;
        t->done = done;
        t->owner = owner;
        profile_hold(t->profile);
        return t;
}

void *file_task_work(struct file_task *t)
{
        assert(!t->is_out);
        return t->work;
}

void file_task_start(struct file_task *t, const char *path)
{
        const struct worker_task task = {
            .device = path, .late_ms = LATE_MS, .run = run, .late = on_late, .done = on_done, .arg = t};
        t->is_out = true;
        workers_start(t->workers, &t->worker, &task);
}

void file_task_free(struct file_task *t)
{
        if (!t)
                return;
        t->is_freed = true;
        if (t->is_out)
                worker_job_cancel(&t->worker);
        else
                destroy(t);
}

int file_task_read(const struct profile *profile, const char *path, const char *what, bool is_trimmed,
                   struct buffer *ret, struct error *e)
{
        if (profile->settings && file_trust_check(profile->settings->trust, path, what, e) < 0)
                return -1;
        return is_trimmed ? file_read_trimmed(path, what, ret, e) : file_read(path, what, ret, e);
}
