// SPDX-License-Identifier: Apache-2.0
// The loop thread writes the fields that both threads use only before uv_queue_work() and after the completion.
#include "sidecar/io/work.h"

#include <assert.h>

static void run(uv_work_t *request)
{
        struct work *w = request->data;
        w->run(w->arg);
}

static void ended(uv_work_t *request, int status)
{
        struct work *w = request->data;
        (void)status; // UV_ECANCELED only after work_cancel()
        w->is_under_way = false;
        w->done(w->arg, w->is_cancelled); // may start it again, or free it
}

void work_start(struct work *w, struct uv_loop_s *loop, work_run_fn *to_run, work_done_fn *done, void *arg)
{
        assert(!w->is_under_way && to_run && done);
        w->run = to_run;
        w->done = done;
        w->arg = arg;
        w->request.data = w;
        w->is_under_way = true;
        w->is_cancelled = false;
        int rc = uv_queue_work(loop, &w->request, run, ended);
        assert(rc == 0); // fails only for a NULL function
        (void)rc;
}

void work_cancel(struct work *w)
{
        if (!w->is_under_way)
                return;
        w->is_cancelled = true;
        (void)uv_cancel((uv_req_t *)&w->request); // fails if it has begun or ended: then `ended` is called anyway
}
