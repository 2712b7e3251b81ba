// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/signals.h"

#include <assert.h>
#include <signal.h>

static void on_signal(uv_signal_t *handle, int number)
{
        struct signals *s = handle->data;
        s->arrived(s->arg, number);
}

int signals_watch(struct signals *s, uv_loop_t *loop, void (*arrived)(void *arg, int number), void *arg,
                  struct error *e)
{
        static const int numbers[SIGNALS_N] = {SIGTERM, SIGINT, SIGHUP};
        s->arrived = arrived;
        s->arg = arg;
        for (size_t i = 0; i < SIGNALS_N; i++) {
                int rc = uv_signal_init(loop, &s->handles[i]);
                assert(rc == 0); // fails only where the loop has no signal pipe, which its creation made
                s->handles[i].data = s;
        }
        for (size_t i = 0; i < SIGNALS_N; i++) {
                int rc = uv_signal_start(&s->handles[i], on_signal, numbers[i]);
                if (rc < 0)
                        return error_set(e, ERROR_INTERNAL, "watch signal %d: %s", numbers[i], uv_strerror(rc));
        }
        return 0;
}

void signals_close(struct signals *s)
{
        for (size_t i = 0; i < SIGNALS_N; i++)
                uv_close((uv_handle_t *)&s->handles[i], NULL);
}
