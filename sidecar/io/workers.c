// SPDX-License-Identifier: Apache-2.0
// Each job has a thread of its own, which runs it and puts it on the list of ended jobs; the loop joins the thread. The
// threads share only that list.
#include "sidecar/io/workers.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sidecar/io/delay.h"

TAILQ_HEAD(job_list, worker_job);

struct workers {
        uv_async_t over;
        struct job_list waiting, running;
        unsigned open; // not over
        unsigned busy; // running, and not late
        bool is_closing;

        pthread_mutex_t mutex;
        struct job_list ended; // guarded by the mutex
};

static void end(struct worker_job *job, enum worker_end how)
{
        struct workers *w = job->workers;
        job->end = how;
        (void)pthread_mutex_lock(&w->mutex);
        TAILQ_INSERT_TAIL(&w->ended, job, ended);
        (void)uv_async_send(&w->over); // with the mutex locked: when the loop has it, no thread is here any more
        (void)pthread_mutex_unlock(&w->mutex);
}

static void thread_main(void *arg)
{
        struct worker_job *job = arg;
        job->task.run(job, job->task.arg);
        end(job, WORKER_RAN);
}

// --- on the loop ---

static void fill(struct workers *w);

static void on_late(void *arg)
{
        struct worker_job *job = arg;
        struct workers *w = job->workers;
        job->late = NULL;
        job->is_late = true;
        w->busy--;
        fill(w);
        if (job->task.late)
                job->task.late(job->task.arg);
}

static bool begin(struct worker_job *job)
{
        struct workers *w = job->workers;
        job->late = delay_start(w->over.loop, job->task.late_ms, on_late, job);
        if (!job->late)
                return false;
        job->is_running = true;
        TAILQ_INSERT_TAIL(&w->running, job, all);
        w->busy++;
        if (uv_thread_create(&job->thread, thread_main, job) == 0)
                return true;
        w->busy--;
        TAILQ_REMOVE(&w->running, job, all);
        job->is_running = false;
        delay_cancel(job->late);
        job->late = NULL;
        return false;
}

static void count(const struct workers *w, const char *device, unsigned *ret_workers, unsigned *ret_late)
{
        const struct worker_job *job;
        *ret_workers = *ret_late = 0;
        TAILQ_FOREACH(job, &w->running, all)
        {
                if (device && strcmp(job->task.device, device) != 0)
                        continue;
                *ret_workers += 1;
                *ret_late += job->is_late;
        }
}

// Starts or ends a waiting job, or leaves it waiting.
static void consider(struct workers *w, struct worker_job *job)
{
        unsigned workers, late, all_workers, all_late;
        count(w, job->task.device, &workers, &late);
        count(w, NULL, &all_workers, &all_late);
        bool is_stuck = late == WORKERS_PER_DEVICE || all_late == WORKERS_MAX;
        bool has_space = workers < WORKERS_PER_DEVICE && w->busy < WORKERS_BUSY_MAX && all_workers < WORKERS_MAX;
        if (!is_stuck && !has_space)
                return;
        TAILQ_REMOVE(&w->waiting, job, all);
        job->is_waiting = false;
        if (is_stuck)
                end(job, WORKER_STUCK);
        else if (!begin(job))
                end(job, WORKER_NO_THREAD);
}

static void fill(struct workers *w)
{
        struct worker_job *next;
        // With all of them busy nothing can begin, however many wait.
        for (struct worker_job *job = TAILQ_FIRST(&w->waiting); job && w->busy < WORKERS_BUSY_MAX; job = next) {
                next = TAILQ_NEXT(job, all);
                consider(w, job);
        }
}

static void on_closed(uv_handle_t *handle)
{
        struct workers *w = handle->data;
        (void)pthread_mutex_destroy(&w->mutex);
        free(w);
}

static struct worker_job *take_ended(struct workers *w)
{
        (void)pthread_mutex_lock(&w->mutex);
        struct worker_job *job = TAILQ_FIRST(&w->ended);
        if (job)
                TAILQ_REMOVE(&w->ended, job, ended);
        (void)pthread_mutex_unlock(&w->mutex);
        return job;
}

static void finish(struct workers *w, struct worker_job *job)
{
        if (job->is_running) {
                (void)uv_thread_join(&job->thread); // the thread is about to end
                TAILQ_REMOVE(&w->running, job, all);
                job->is_running = false;
                if (!job->is_late)
                        w->busy--;
                delay_cancel(job->late);
                job->late = NULL;
        }
        w->open--;
        fill(w);
        job->task.done(job->task.arg, job->end); // may start it again, or free it
}

static void on_over(uv_async_t *over)
{
        struct workers *w = over->data;
        struct worker_job *job;
        while ((job = take_ended(w)))
                finish(w, job);
        if (w->open > 0)
                return;
        uv_unref((uv_handle_t *)&w->over);
        if (w->is_closing && !uv_is_closing((uv_handle_t *)&w->over))
                uv_close((uv_handle_t *)&w->over, on_closed);
}

struct workers *workers_new(struct uv_loop_s *loop)
{
        struct workers *w = calloc(1, sizeof(*w));
        if (!w || uv_async_init(loop, &w->over, on_over) < 0) {
                free(w);
                return NULL;
        }
        w->over.data = w;
        uv_unref((uv_handle_t *)&w->over);
        TAILQ_INIT(&w->waiting);
        TAILQ_INIT(&w->running);
        TAILQ_INIT(&w->ended);
        (void)pthread_mutex_init(&w->mutex, NULL); // cannot fail without attributes
        return w;
}

void workers_start(struct workers *w, struct worker_job *job, const struct worker_task *task)
{
        assert(!job->is_waiting && !job->is_running && task->device && task->run && task->done);
        job->task = *task;
        job->workers = w;
        job->is_late = false;
        job->is_waiting = true;
        atomic_store(&job->is_cancelled, false);
        TAILQ_INSERT_TAIL(&w->waiting, job, all);
        w->open++;
        uv_ref((uv_handle_t *)&w->over); // keeps the loop alive until the job is over
        consider(w, job);
}

void worker_job_cancel(struct worker_job *job)
{
        if (job->is_running)
                atomic_store(&job->is_cancelled, true);
        if (!job->is_waiting)
                return;
        TAILQ_REMOVE(&job->workers->waiting, job, all);
        job->is_waiting = false;
        end(job, WORKER_CANCELLED);
}

bool worker_job_is_cancelled(const struct worker_job *job)
{
        return atomic_load(&job->is_cancelled);
}

void workers_close(struct workers *w)
{
        if (!w || w->is_closing)
                return;
        w->is_closing = true;
        if (w->open == 0)
                uv_close((uv_handle_t *)&w->over, on_closed);
}
