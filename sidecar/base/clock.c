// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
        struct timespec t = {0};
        (void)clock_gettime(id,
                            &t); // fails only for clocks that the kernel does not have; it has had both since 2.6.39
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t system_boot_ms(void *context)
{
        (void)context;
        return read_ms(CLOCK_BOOTTIME);
}

static int64_t system_wall_ms(void *context)
{
        (void)context;
        return read_ms(CLOCK_REALTIME);
}

void clock_init_system(struct clock *clock)
{
        *clock = (struct clock){.boot_ms = system_boot_ms, .wall_ms = system_wall_ms, .speed = 1};
}

void upstream_clock_learn(struct upstream_clock *t, int64_t date_s, int64_t boot_ms)
{
        t->known = true;
        t->offset_ms = date_s * 1000 - boot_ms;
}

int64_t upstream_clock_now_s(const struct upstream_clock *t, const struct clock *clock)
{
        return t->known ? (clock_boot_ms(clock) + t->offset_ms) / 1000 : clock_wall_s(clock);
}
