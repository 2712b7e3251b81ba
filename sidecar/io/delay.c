// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/delay.h"

#include <stdlib.h>
#include <uv.h>

struct delay {
        uv_timer_t timer;
        void (*run)(void *arg);
        void *arg;
};

static void delay_closed(uv_handle_t *handle)
{
        free(handle->data);
}

static void delay_due(uv_timer_t *timer)
{
        struct delay *d = timer->data;
        void (*run)(void *) = d->run;
        void *arg = d->arg;
        delay_cancel(d);
        run(arg);
}

struct delay *delay_start(struct uv_loop_s *loop, uint64_t real_ms, void (*run)(void *arg), void *arg)
{
        struct delay *d = calloc(1, sizeof(*d));
        if (!d)
                return NULL;
        d->run = run;
        d->arg = arg;
        d->timer.data = d;
        (void)uv_timer_init(loop, &d->timer); // neither call can fail
        (void)uv_timer_start(&d->timer, delay_due, real_ms, 0);
        return d;
}

void delay_cancel(struct delay *d)
{
        if (d)
                uv_close((uv_handle_t *)&d->timer, delay_closed);
}
