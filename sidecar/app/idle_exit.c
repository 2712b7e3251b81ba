// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/idle_exit.h"

#include <stddef.h>

#include "sidecar/base/clock.h"
#include "sidecar/io/delay.h"
#include "sidecar/server/server.h"
#include "sidecar/vault/vault.h"

enum { LOOK_AGAIN_MS = 5000 }; // at what is under way

int64_t idle_exit_next_ms(int64_t idle_ms, int64_t limit_ms, bool is_busy)
{
        if (idle_ms < 0) // it will be idle after this at the earliest
                return limit_ms;
        if (idle_ms < limit_ms)
                return limit_ms - idle_ms;
        return is_busy ? LOOK_AGAIN_MS : 0;
}

static void look(void *arg);

static void look_in(struct idle_exit *i, int64_t ms)
{
        i->delay = delay_start(i->loop, clock_real_ms(i->clock, ms), look, i);
}

static void look(void *arg)
{
        struct idle_exit *i = arg;
        int64_t next_ms = idle_exit_next_ms(server_idle_ms(i->server), i->limit_s * 1000, vault_is_busy(i->vault));
        i->delay = NULL;
        if (next_ms > 0)
                look_in(i, next_ms);
        else
                i->end(i->arg);
}

void idle_exit_start(struct idle_exit *i)
{
        if (i->limit_s > 0)
                look_in(i, i->limit_s * 1000);
}

void idle_exit_stop(struct idle_exit *i)
{
        delay_cancel(i->delay);
        i->delay = NULL;
}
