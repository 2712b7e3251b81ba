// SPDX-License-Identifier: Apache-2.0
// Which jobs get a worker, and what becomes of those whose workers do not return.
#include "sidecar/io/workers.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NEVER_MS = 3600000, MANY = WORKERS_BUSY_MAX + 2 };

struct job {
        struct worker_job job;
        struct workers *workers;
        char device[16];
        sem_t entered, leave;
        pthread_t ran_in;
        bool saw_cancel;
        unsigned dones, lates, restarts;
        enum worker_end end;
};

struct fixture {
        uv_loop_t loop;
        struct workers *workers;
        struct job jobs[WORKERS_MAX + 4];
        size_t count;
};

// Until it is let go.
static void hold(struct worker_job *job, void *arg)
{
        struct job *j = arg;
        j->ran_in = pthread_self();
        (void)sem_post(&j->entered);
        (void)sem_wait(&j->leave);
        j->saw_cancel = worker_job_is_cancelled(job);
}

static void late(void *arg)
{
        ((struct job *)arg)->lates++;
}

static void done(void *arg, enum worker_end end)
{
        struct job *j = arg;
        j->dones++;
        j->end = end;
        if (j->restarts == 0)
                return;
        j->restarts--;
        const struct worker_task task = j->job.task;
        workers_start(j->workers, &j->job, &task);
}

static void start(struct job *j, uint64_t late_ms)
{
        const struct worker_task task = {
            .device = j->device, .late_ms = late_ms, .run = hold, .late = late, .done = done, .arg = j};
        workers_start(j->workers, &j->job, &task);
        assert_int_equal(j->dones + j->lates, 0); // never from within
}

static struct job *job_of(struct fixture *h, const char *device, uint64_t late_ms)
{
        struct job *j = &h->jobs[h->count++];
        j->workers = h->workers;
        (void)snprintf(j->device, sizeof(j->device), "%s", device);
        assert_int_equal(sem_init(&j->entered, 0, 0), 0);
        assert_int_equal(sem_init(&j->leave, 0, 0), 0);
        start(j, late_ms);
        return j;
}

static bool is_running(struct job *j)
{
        return sem_trywait(&j->entered) == 0;
}

static void until_running(struct fixture *h, struct job *j)
{
        while (!is_running(j))
                (void)uv_run(&h->loop, UV_RUN_NOWAIT);
}

static void until_over(struct fixture *h, const struct job *j, enum worker_end end)
{
        while (j->dones == 0)
                (void)uv_run(&h->loop, UV_RUN_ONCE);
        assert_int_equal(j->dones, 1);
        assert_int_equal(j->end, end);
}

static void until_late(struct fixture *h, const struct job *j)
{
        while (j->lates == 0)
                (void)uv_run(&h->loop, UV_RUN_ONCE);
        assert_int_equal(j->lates, 1);
        assert_int_equal(j->dones, 0);
}

static void let_go(struct fixture *h, struct job *j)
{
        (void)sem_post(&j->leave);
        until_over(h, j, WORKER_RAN);
}

static int set_up(void **state)
{
        struct fixture *h = calloc(1, sizeof(*h));
        assert_non_null(h);
        assert_int_equal(uv_loop_init(&h->loop), 0);
        h->workers = workers_new(&h->loop);
        assert_non_null(h->workers);
        *state = h;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *h = *state;
        workers_close(h->workers);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&h->loop), 0);
        free(h);
        return 0;
}

static void runs_in_a_thread_of_its_own(void **state)
{
        struct fixture *h = *state;
        struct job *j = job_of(h, "a", NEVER_MS);
        until_running(h, j);
        assert_false(pthread_equal(j->ran_in, pthread_self()));
        let_go(h, j);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0); // nothing keeps the loop
        assert_int_equal(j->lates, 0);
        assert_false(j->saw_cancel);
}

static void limits_the_workers_of_a_device(void **state)
{
        struct fixture *h = *state;
        struct job *first[WORKERS_PER_DEVICE];
        for (size_t i = 0; i < WORKERS_PER_DEVICE; i++)
                first[i] = job_of(h, "a", NEVER_MS);
        struct job *third = job_of(h, "a", NEVER_MS), *fourth = job_of(h, "a", NEVER_MS);
        struct job *other = job_of(h, "b", NEVER_MS);
        for (size_t i = 0; i < WORKERS_PER_DEVICE; i++)
                until_running(h, first[i]);
        until_running(h, other); // not behind those that wait
        let_go(h, first[0]);
        until_running(h, third);
        assert_false(is_running(fourth));
        let_go(h, first[1]);
        until_running(h, fourth);
        let_go(h, third);
        let_go(h, fourth);
        let_go(h, other);
}

static void limits_the_busy_workers_in_all(void **state)
{
        struct fixture *h = *state;
        struct job *jobs[MANY];
        char device[8];
        for (size_t i = 0; i < MANY; i++) {
                (void)snprintf(device, sizeof(device), "%zu", i);
                jobs[i] = job_of(h, device, NEVER_MS);
        }
        for (size_t i = 0; i < WORKERS_BUSY_MAX; i++)
                until_running(h, jobs[i]);
        for (size_t i = WORKERS_BUSY_MAX; i < MANY; i++)
                assert_true(jobs[i]->job.is_waiting);
        for (size_t i = 0; i < MANY; i++) {
                if (i >= WORKERS_BUSY_MAX)
                        until_running(h, jobs[i]);
                let_go(h, jobs[i]);
        }
}

// A late one makes way for jobs of other devices, but not of its own; a device whose workers are all late is stuck.
static void does_not_count_late_workers(void **state)
{
        struct fixture *h = *state;
        struct job *lost[WORKERS_MAX];
        char device[8];
        for (size_t i = 0; i < WORKERS_MAX; i++) {
                (void)snprintf(device, sizeof(device), "%zu", i / WORKERS_PER_DEVICE);
                lost[i] = job_of(h, device, 1);
        }
        for (size_t i = 0; i < WORKERS_MAX; i++)
                until_late(h, lost[i]);
        struct job *same = job_of(h, "0", NEVER_MS), *other = job_of(h, "other", NEVER_MS);
        until_over(h, same, WORKER_STUCK);
        until_over(h, other, WORKER_STUCK); // there is a limit
        let_go(h, lost[0]);
        struct job *again = job_of(h, "0", NEVER_MS);
        until_running(h, again);
        let_go(h, again);
        for (size_t i = 1; i < WORKERS_MAX; i++)
                let_go(h, lost[i]);
}

static void ends_what_waits_for_a_stuck_device(void **state)
{
        struct fixture *h = *state;
        struct job *lost[WORKERS_PER_DEVICE];
        for (size_t i = 0; i < WORKERS_PER_DEVICE; i++)
                lost[i] = job_of(h, "a", 1);
        struct job *waits = job_of(h, "a", NEVER_MS);
        until_over(h, waits, WORKER_STUCK);
        assert_int_equal(waits->lates, 0);
        for (size_t i = 0; i < WORKERS_PER_DEVICE; i++)
                let_go(h, lost[i]);
}

static void cancels_what_waits(void **state)
{
        struct fixture *h = *state;
        struct job *first[WORKERS_PER_DEVICE];
        for (size_t i = 0; i < WORKERS_PER_DEVICE; i++)
                first[i] = job_of(h, "a", NEVER_MS);
        struct job *waits = job_of(h, "a", NEVER_MS);
        worker_job_cancel(&waits->job);
        worker_job_cancel(&waits->job);
        assert_int_equal(waits->dones, 0);
        until_over(h, waits, WORKER_CANCELLED);
        for (size_t i = 0; i < WORKERS_PER_DEVICE; i++)
                let_go(h, first[i]);
        worker_job_cancel(&first[0]->job); // it is over
}

static void asks_what_runs_to_return(void **state)
{
        struct fixture *h = *state;
        struct job *j = job_of(h, "a", NEVER_MS);
        until_running(h, j);
        worker_job_cancel(&j->job);
        (void)uv_run(&h->loop, UV_RUN_NOWAIT);
        assert_int_equal(j->dones, 0);
        let_go(h, j);
        assert_true(j->saw_cancel);
}

static void starts_again_from_done(void **state)
{
        struct fixture *h = *state;
        struct job *j = job_of(h, "a", NEVER_MS);
        j->restarts = 20;
        for (unsigned i = 0; i <= 20; i++)
                (void)sem_post(&j->leave);
        while (j->dones <= 20)
                (void)uv_run(&h->loop, UV_RUN_ONCE);
        assert_int_equal(j->dones, 21);
}

// Its memory stays until the last thread has come back.
static void closes_when_the_last_late_one_returns(void **state)
{
        struct fixture *h = *state;
        struct job *j = job_of(h, "a", 1);
        until_late(h, j);
        workers_close(h->workers);
        h->workers = NULL;
        assert_int_not_equal(uv_run(&h->loop, UV_RUN_NOWAIT), 0);
        (void)sem_post(&j->leave);
        until_over(h, j, WORKER_RAN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(runs_in_a_thread_of_its_own),
            TEST(limits_the_workers_of_a_device),
            TEST(limits_the_busy_workers_in_all),
            TEST(does_not_count_late_workers),
            TEST(ends_what_waits_for_a_stuck_device),
            TEST(cancels_what_waits),
            TEST(asks_what_runs_to_return),
            TEST(starts_again_from_done),
            TEST(closes_when_the_last_late_one_returns),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
