// SPDX-License-Identifier: Apache-2.0
// A thread a job: it begins, runs, puts itself on the list of those that ended, and is joined by the loop. That list is
// all that threads share.
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
        unsigned open;    // not over
        unsigned at_work; // running, and not late
        bool is_closing;

        pthread_mutex_t mutex;
        struct job_list ended; // the mutex's
};

static void end(struct worker_job *job, enum worker_end how)
{
        struct workers *l = job->workers;
        job->end = how;
        (void)pthread_mutex_lock(&l->mutex);
        TAILQ_INSERT_TAIL(&l->ended, job, ended);
        (void)uv_async_send(&l->over); // within: once the loop has the mutex, no thread is in here any more
        (void)pthread_mutex_unlock(&l->mutex);
}

static void thread_main(void *arg)
{
        struct worker_job *job = arg;
        job->order.run(job, job->order.arg);
        end(job, WORKER_RAN);
}

// --- on the loop ---

static void fill(struct workers *l);

static void on_late(void *arg)
{
        struct worker_job *job = arg;
        struct workers *l = job->workers;
        job->late = NULL;
        job->is_late = true;
        l->at_work--;
        fill(l);
        if (job->order.late)
                job->order.late(job->order.arg);
}

static bool begin(struct worker_job *job)
{
        struct workers *l = job->workers;
        job->late = delay_start(l->over.loop, job->order.late_ms, on_late, job);
        if (!job->late)
                return false;
        job->is_running = true;
        TAILQ_INSERT_TAIL(&l->running, job, all);
        l->at_work++;
        if (uv_thread_create(&job->thread, thread_main, job) == 0)
                return true;
        l->at_work--;
        TAILQ_REMOVE(&l->running, job, all);
        job->is_running = false;
        delay_cancel(job->late);
        job->late = NULL;
        return false;
}

static void count(const struct workers *l, const char *worker, unsigned *ret_threads, unsigned *ret_late)
{
        const struct worker_job *job;
        *ret_threads = *ret_late = 0;
        TAILQ_FOREACH(job, &l->running, all)
        {
                if (worker && strcmp(job->order.worker, worker) != 0)
                        continue;
                *ret_threads += 1;
                *ret_late += job->is_late;
        }
}

// One that waits: it begins, it ends, or it goes on waiting.
static void consider(struct workers *l, struct worker_job *job)
{
        unsigned threads, late, all_threads, all_late;
        count(l, job->order.worker, &threads, &late);
        count(l, NULL, &all_threads, &all_late);
        bool is_stuck = late == WORKER_THREADS || all_late == WORKERS_THREADS_MAX;
        bool has_space = threads < WORKER_THREADS && l->at_work < WORKERS_AT_WORK && all_threads < WORKERS_THREADS_MAX;
        if (!is_stuck && !has_space)
                return;
        TAILQ_REMOVE(&l->waiting, job, all);
        job->is_waiting = false;
        if (is_stuck)
                end(job, WORKER_STUCK);
        else if (!begin(job))
                end(job, WORKER_NO_THREAD);
}

static void fill(struct workers *l)
{
        struct worker_job *next;
        for (struct worker_job *job = TAILQ_FIRST(&l->waiting); job; job = next) {
                next = TAILQ_NEXT(job, all);
                consider(l, job);
        }
}

static void on_closed(uv_handle_t *handle)
{
        struct workers *l = handle->data;
        (void)pthread_mutex_destroy(&l->mutex);
        free(l);
}

static struct worker_job *take_ended(struct workers *l)
{
        (void)pthread_mutex_lock(&l->mutex);
        struct worker_job *job = TAILQ_FIRST(&l->ended);
        if (job)
                TAILQ_REMOVE(&l->ended, job, ended);
        (void)pthread_mutex_unlock(&l->mutex);
        return job;
}

static void finish(struct workers *l, struct worker_job *job)
{
        if (job->is_running) {
                (void)uv_thread_join(&job->thread); // it has nothing left to do
                TAILQ_REMOVE(&l->running, job, all);
                job->is_running = false;
                if (!job->is_late)
                        l->at_work--;
                delay_cancel(job->late);
                job->late = NULL;
        }
        l->open--;
        fill(l);
        job->order.done(job->order.arg, job->end); // may start it again, or free it
}

static void on_over(uv_async_t *over)
{
        struct workers *l = over->data;
        struct worker_job *job;
        while ((job = take_ended(l)))
                finish(l, job);
        if (l->open > 0)
                return;
        uv_unref((uv_handle_t *)&l->over);
        if (l->is_closing && !uv_is_closing((uv_handle_t *)&l->over))
                uv_close((uv_handle_t *)&l->over, on_closed);
}

struct workers *workers_new(struct uv_loop_s *loop)
{
        struct workers *l = calloc(1, sizeof(*l));
        if (!l || uv_async_init(loop, &l->over, on_over) < 0) {
                free(l);
                return NULL;
        }
        l->over.data = l;
        uv_unref((uv_handle_t *)&l->over);
        TAILQ_INIT(&l->waiting);
        TAILQ_INIT(&l->running);
        TAILQ_INIT(&l->ended);
        (void)pthread_mutex_init(&l->mutex, NULL); // cannot fail without attributes
        return l;
}

void workers_start(struct workers *l, struct worker_job *job, const struct worker_task *order)
{
        assert(!job->is_waiting && !job->is_running && order->worker && order->run && order->done);
        job->order = *order;
        job->workers = l;
        job->is_late = false;
        job->is_waiting = true;
        atomic_store(&job->is_cancelled, false);
        TAILQ_INSERT_TAIL(&l->waiting, job, all);
        l->open++;
        uv_ref((uv_handle_t *)&l->over); // it keeps the loop until it is over
        consider(l, job);
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

void workers_close(struct workers *l)
{
        if (!l || l->is_closing)
                return;
        l->is_closing = true;
        if (l->open == 0)
                uv_close((uv_handle_t *)&l->over, on_closed);
}
