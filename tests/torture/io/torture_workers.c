// SPDX-License-Identifier: Apache-2.0
// Jobs of one device: each ends once, also where there is no memory for its thread.
#include <string.h>

#include "sidecar/io/workers.h"
#include "tests/torture/torture.h"

enum { JOBS_N = WORKERS_PER_DEVICE + 2 }; // more than a device has workers

struct work {
        struct worker_job job;
        bool was_run;
        unsigned ends;
        enum worker_end end;
};

static void run(struct worker_job *job, void *arg)
{
        (void)job;
        ((struct work *)arg)->was_run = true;
}

static void done(void *arg, enum worker_end end)
{
        struct work *w = arg;
        w->ends++;
        w->end = end;
}

static bool workers_round(const void *arg)
{
        struct work works[JOBS_N];
        uv_loop_t loop;
        bool is_done = true;
        (void)arg;
        memset(works, 0, sizeof(works));
        assert_int_equal(uv_loop_init(&loop), 0);
        torture_begin();
        struct workers *l = workers_new(&loop);
        for (size_t i = 0; l && i < JOBS_N; i++) {
                const struct worker_task task = {
                    .device = "token", .late_ms = 3600000, .run = run, .done = done, .arg = &works[i]};
                workers_start(l, &works[i].job, &task);
                assert_int_equal(works[i].ends, 0); // not from within
        }
        for (size_t i = 0; l && i < JOBS_N; i++) {
                while (works[i].ends == 0)
                        (void)uv_run(&loop, UV_RUN_ONCE);
        }
        torture_end();
        for (size_t i = 0; l && i < JOBS_N; i++) {
                bool has_run = works[i].end == WORKER_RAN;
                assert_true(works[i].ends == 1 && works[i].was_run == has_run);
                assert_true(has_run || works[i].end == WORKER_NO_THREAD);
                is_done = is_done && has_run;
        }
        workers_close(l);
        assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&loop), 0);
        return l && is_done;
}

int main(void)
{
        const struct torture_row rows[] = {{.name = "workers", .round = workers_round}};
        return torture_main(rows, LENGTH(rows));
}
