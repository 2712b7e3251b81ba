// SPDX-License-Identifier: Apache-2.0
// One idle handle a deferral, on the heap: it outlives its user until libuv has closed it. Loop thread only.
#include "sidecar/io/defer.h"

#include <stdlib.h>
#include <uv.h>

struct defer {
        uv_idle_t idle;
        void (*run)(void *arg);
        void *arg;
};

static void defer_closed(uv_handle_t *handle)
{
        free(handle->data);
}

static void defer_due(uv_idle_t *idle)
{
        struct defer *d = idle->data;
        void (*run)(void *) = d->run;
        void *arg = d->arg;
        defer_cancel(d);
        run(arg);
}

struct defer *defer_start(struct uv_loop_s *loop, void (*run)(void *arg), void *arg)
{
        struct defer *d = calloc(1, sizeof(*d));
        if (!d)
                return NULL;
        d->run = run;
        d->arg = arg;
        d->idle.data = d;
        // Neither call can fail: an idle handle is two list links, and the callback is not NULL.
        (void)uv_idle_init(loop, &d->idle);
        (void)uv_idle_start(&d->idle, defer_due);
        return d;
}

void defer_cancel(struct defer *d)
{
        if (d)
                uv_close((uv_handle_t *)&d->idle, defer_closed);
}
