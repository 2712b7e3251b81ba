// SPDX-License-Identifier: Apache-2.0
// The pool has one thread here, so that a work which holds it keeps the others waiting.
#include "sidecar/io/work.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "tests/unit/unit.h"

struct job {
        struct work work;
        uv_loop_t *loop;
        sem_t entered, leave; // of run_held()
        pthread_t ran_in;
        unsigned runs, completions, restarts;
        bool was_cancelled;
};

static void job_init(struct job *j, uv_loop_t *loop)
{
        *j = (struct job){.loop = loop};
        assert_int_equal(sem_init(&j->entered, 0, 0), 0);
        assert_int_equal(sem_init(&j->leave, 0, 0), 0);
}

static void run(void *arg)
{
        struct job *j = arg;
        j->ran_in = pthread_self();
        j->runs++;
}

// Holds its thread until it is let go.
static void run_held(void *arg)
{
        struct job *j = arg;
        (void)sem_post(&j->entered);
        (void)sem_wait(&j->leave);
        run(arg);
}

static void run_and_report(void *arg)
{
        run(arg);
        (void)sem_post(&((struct job *)arg)->entered);
}

static void done(void *arg, bool is_cancelled)
{
        struct job *j = arg;
        j->completions++;
        j->was_cancelled = is_cancelled;
        if (j->restarts > 0) {
                j->restarts--;
                work_start(&j->work, j->loop, run, done, j);
        }
}

static void begin(uv_loop_t *loop, struct job *j)
{
        assert_int_equal(uv_loop_init(loop), 0);
        job_init(j, loop);
}

static void turn_until(uv_loop_t *loop, const unsigned *count, unsigned n)
{
        while (*count < n)
                (void)uv_run(loop, UV_RUN_ONCE);
}

static void end(uv_loop_t *loop)
{
        assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(loop), 0);
}

static void runs_elsewhere_and_completes_here(void **state)
{
        (void)state;
        uv_loop_t loop;
        struct job j;
        begin(&loop, &j);
        work_start(&j.work, &loop, run_and_report, done, &j);
        (void)sem_wait(&j.entered);
        assert_int_equal(j.completions, 0); // only from the loop
        end(&loop);
        assert_int_equal(j.runs, 1);
        assert_int_equal(j.completions, 1);
        assert_false(j.was_cancelled);
        assert_false(pthread_equal(j.ran_in, pthread_self()));
}

static void cancelled_in_the_queue_never_runs(void **state)
{
        (void)state;
        uv_loop_t loop;
        struct job holder, j;
        begin(&loop, &holder);
        job_init(&j, &loop);
        work_start(&holder.work, &loop, run_held, done, &holder);
        (void)sem_wait(&holder.entered);
        work_start(&j.work, &loop, run, done, &j);
        work_cancel(&j.work);
        work_cancel(&j.work);
        assert_int_equal(j.completions, 0);
        turn_until(&loop, &j.completions, 1); // though the pool's thread is held
        assert_true(j.was_cancelled);
        assert_int_equal(holder.completions, 0);
        (void)sem_post(&holder.leave);
        end(&loop);
        assert_int_equal(j.runs, 0);
        assert_int_equal(j.completions, 1);
        assert_int_equal(holder.completions, 1);
        assert_false(holder.was_cancelled);
}

static void cancelled_while_it_runs(void **state)
{
        (void)state;
        uv_loop_t loop;
        struct job j;
        begin(&loop, &j);
        work_start(&j.work, &loop, run_held, done, &j);
        (void)sem_wait(&j.entered);
        work_cancel(&j.work);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        assert_int_equal(j.completions, 0); // the thread is still at it
        (void)sem_post(&j.leave);
        end(&loop);
        assert_int_equal(j.runs, 1);
        assert_int_equal(j.completions, 1);
        assert_true(j.was_cancelled);
}

static void cancelled_between_its_end_and_its_completion(void **state)
{
        (void)state;
        uv_loop_t loop;
        struct job j;
        begin(&loop, &j);
        work_start(&j.work, &loop, run_and_report, done, &j);
        (void)sem_wait(&j.entered);
        work_cancel(&j.work);
        end(&loop);
        assert_int_equal(j.runs, 1);
        assert_int_equal(j.completions, 1);
        assert_true(j.was_cancelled);
        work_cancel(&j.work); // over: nothing happens
        assert_int_equal(j.completions, 1);
}

static void starts_again_from_its_completion(void **state)
{
        (void)state;
        uv_loop_t loop;
        struct job j;
        begin(&loop, &j);
        j.restarts = 3;
        work_start(&j.work, &loop, run, done, &j);
        work_cancel(&j.work);
        end(&loop);
        assert_int_equal(j.completions, 4);
        assert_false(j.was_cancelled); // that was the first
        assert_in_range(j.runs, 3, 4);
}

static void done_and_free(void *arg, bool is_cancelled)
{
        struct job *j = arg;
        unsigned *completions = (unsigned *)j->loop->data;
        (void)is_cancelled;
        (*completions)++;
        free(j);
}

static void many_complete_once_each(void **state)
{
        (void)state;
        enum { MANY = 200 };
        uv_loop_t loop;
        unsigned completions = 0;
        assert_int_equal(uv_loop_init(&loop), 0);
        loop.data = &completions;
        for (unsigned i = 0; i < MANY; i++) {
                struct job *j = calloc(1, sizeof(*j));
                assert_non_null(j);
                j->loop = &loop;
                work_start(&j->work, &loop, run, done_and_free, j);
                if (i % 3 == 0)
                        work_cancel(&j->work);
        }
        end(&loop);
        assert_int_equal(completions, MANY);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(runs_elsewhere_and_completes_here),
            cmocka_unit_test(cancelled_in_the_queue_never_runs),
            cmocka_unit_test(cancelled_while_it_runs),
            cmocka_unit_test(cancelled_between_its_end_and_its_completion),
            cmocka_unit_test(starts_again_from_its_completion),
            cmocka_unit_test(many_complete_once_each),
        };
        if (setenv("UV_THREADPOOL_SIZE", "1", 1) < 0)
                return 1;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
