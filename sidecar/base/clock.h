// SPDX-License-Identifier: Apache-2.0
// Time as a dependency. Two clocks: boot time (counts suspend, never steps) for deadlines, wall time for what the
// outside world calls time. Only clock.c asks the kernel.
#ifndef SIDECAR_BASE_CLOCK_H
#define SIDECAR_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
        int64_t (*boot_ms)(void *context);
        int64_t (*wall_ms)(void *context);
        // How many of this clock's seconds pass in one real second: 1, but in a simulation. Timers of the event loop
        // run in real time, so whoever arms one divides by it: clock_real_ms().
        unsigned speed;
        void *context;
};

// The kernel's CLOCK_BOOTTIME and CLOCK_REALTIME.
void clock_init_system(struct clock *clock);

static inline int64_t clock_boot_ms(const struct clock *clock)
{
        return clock->boot_ms(clock->context);
}

static inline int64_t clock_wall_s(const struct clock *clock)
{
        return clock->wall_ms(clock->context) / 1000;
}

// A delay on this clock as one on the event loop, rounded up.
static inline uint64_t clock_real_ms(const struct clock *clock, int64_t delay_ms)
{
        if (delay_ms <= 0)
                return 0;
        return ((uint64_t)delay_ms + clock->speed - 1) / clock->speed;
}

// What an upstream's Date header says about its wall clock, held against the boot clock, so that a later step of the
// local wall clock changes nothing.
struct upstream_clock {
        bool known;
        int64_t offset_ms; // upstream's wall ms less local boot ms
};

// Learns from a Date header (seconds, resolution 1 s) of an answer that arrived at `boot_ms`.
void upstream_clock_learn(struct upstream_clock *t, int64_t date_s, int64_t boot_ms);

// The upstream's wall time now, in seconds; the local wall clock's while nothing is known.
int64_t upstream_clock_now_s(const struct upstream_clock *t, const struct clock *clock);

#endif
