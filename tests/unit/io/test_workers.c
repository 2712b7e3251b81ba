// SPDX-License-Identifier: Apache-2.0
// Who gets a thread, and what becomes of jobs whose threads do not come back.
#include "sidecar/io/workers.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NEVER_MS = 3600000, MANY = WORKERS_AT_WORK + 2 };

struct job {
        struct worker_job job;
        struct workers *workers;
        char worker[16];
        sem_t entered, leave;
        pthread_t ran_in;
        bool saw_cancel;
        unsigned dones, lates, restarts;
        enum worker_end end;
};

struct fixture {
        uv_loop_t loop;
        struct workers *workers;
        struct job jobs[WORKERS_THREADS_MAX + 4];
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
        const struct worker_task order = j->job.order;
        workers_start(j->workers, &j->job, &order);
}

static void start(struct job *j, uint64_t late_ms)
{
        const struct worker_task order = {
            .worker = j->worker, .late_ms = late_ms, .run = hold, .late = late, .done = done, .arg = j};
        workers_start(j->workers, &j->job, &order);
        assert_int_equal(j->dones + j->lates, 0); // never from within
}

static struct job *job_of(struct fixture *h, const char *worker, uint64_t late_ms)
{
        struct job *j = &h->jobs[h->count++];
        j->workers = h->workers;
        (void)snprintf(j->worker, sizeof(j->worker), "%s", worker);
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

static void in_a_thread_of_its_own(void **state)
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

static void a_lane_has_so_many_threads(void **state)
{
        struct fixture *h = *state;
        struct job *first[WORKER_THREADS];
        for (size_t i = 0; i < WORKER_THREADS; i++)
                first[i] = job_of(h, "a", NEVER_MS);
        struct job *third = job_of(h, "a", NEVER_MS), *fourth = job_of(h, "a", NEVER_MS);
        struct job *other = job_of(h, "b", NEVER_MS);
        for (size_t i = 0; i < WORKER_THREADS; i++)
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

static void so_many_are_at_work(void **state)
{
        struct fixture *h = *state;
        struct job *jobs[MANY];
        char worker[8];
        for (size_t i = 0; i < MANY; i++) {
                (void)snprintf(worker, sizeof(worker), "%zu", i);
                jobs[i] = job_of(h, worker, NEVER_MS);
        }
        for (size_t i = 0; i < WORKERS_AT_WORK; i++)
                until_running(h, jobs[i]);
        for (size_t i = WORKERS_AT_WORK; i < MANY; i++)
                assert_true(jobs[i]->job.is_waiting);
        for (size_t i = 0; i < MANY; i++) {
                if (i >= WORKERS_AT_WORK)
                        until_running(h, jobs[i]);
                let_go(h, jobs[i]);
        }
}

// One that is late makes room for others, but not in its worker; when all of that are late it is stuck.
static void late_ones_count_no_more(void **state)
{
        struct fixture *h = *state;
        struct job *lost[WORKERS_THREADS_MAX];
        char worker[8];
        for (size_t i = 0; i < WORKERS_THREADS_MAX; i++) {
                (void)snprintf(worker, sizeof(worker), "%zu", i / WORKER_THREADS);
                lost[i] = job_of(h, worker, 1);
        }
        for (size_t i = 0; i < WORKERS_THREADS_MAX; i++)
                until_late(h, lost[i]);
        struct job *same = job_of(h, "0", NEVER_MS), *other = job_of(h, "other", NEVER_MS);
        until_over(h, same, WORKER_STUCK);
        until_over(h, other, WORKER_STUCK); // there is a limit
        let_go(h, lost[0]);
        struct job *again = job_of(h, "0", NEVER_MS);
        until_running(h, again);
        let_go(h, again);
        for (size_t i = 1; i < WORKERS_THREADS_MAX; i++)
                let_go(h, lost[i]);
}

static void who_waits_for_a_worker_that_gets_stuck(void **state)
{
        struct fixture *h = *state;
        struct job *lost[WORKER_THREADS];
        for (size_t i = 0; i < WORKER_THREADS; i++)
                lost[i] = job_of(h, "a", 1);
        struct job *waits = job_of(h, "a", NEVER_MS);
        until_over(h, waits, WORKER_STUCK);
        assert_int_equal(waits->lates, 0);
        for (size_t i = 0; i < WORKER_THREADS; i++)
                let_go(h, lost[i]);
}

static void cancelled_while_it_waits(void **state)
{
        struct fixture *h = *state;
        struct job *first[WORKER_THREADS];
        for (size_t i = 0; i < WORKER_THREADS; i++)
                first[i] = job_of(h, "a", NEVER_MS);
        struct job *waits = job_of(h, "a", NEVER_MS);
        worker_job_cancel(&waits->job);
        worker_job_cancel(&waits->job);
        assert_int_equal(waits->dones, 0);
        until_over(h, waits, WORKER_CANCELLED);
        for (size_t i = 0; i < WORKER_THREADS; i++)
                let_go(h, first[i]);
        worker_job_cancel(&first[0]->job); // it is over
}

static void cancelled_while_it_runs(void **state)
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

static void started_again_from_its_end(void **state)
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
static void closed_while_one_is_late(void **state)
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
            TEST(in_a_thread_of_its_own),
            TEST(a_lane_has_so_many_threads),
            TEST(so_many_are_at_work),
            TEST(late_ones_count_no_more),
            TEST(who_waits_for_a_worker_that_gets_stuck),
            TEST(cancelled_while_it_waits),
            TEST(cancelled_while_it_runs),
            TEST(started_again_from_its_end),
            TEST(closed_while_one_is_late),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
