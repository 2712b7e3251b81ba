// SPDX-License-Identifier: Apache-2.0
// link: app
// keyfobd on a clock that runs KEYFOB_TEST_SPEED times as fast (1 to 100,000) from the moment KEYFOB_TEST_EPOCH_MS of
// the real wall clock on, so that hours of renewals pass in minutes. Everything else is the agent itself.
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "proto/mem/text.h"
#include "sidecar/app/app.h"
#include "sidecar/app/options.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/env.h"
#include "sidecar/base/hardening.h"

struct fast_clock {
        struct clock system;
        int64_t boot_start_ms, wall_start_ms;
        int64_t epoch_ms; // both clocks agree here
        int64_t speed;
};

static int64_t fast_boot_ms(void *context)
{
        const struct fast_clock *f = context;
        return f->boot_start_ms + (clock_boot_ms(&f->system) - f->boot_start_ms) * f->speed;
}

static int64_t fast_wall_ms(void *context)
{
        const struct fast_clock *f = context;
        int64_t real = f->wall_start_ms + (clock_boot_ms(&f->system) - f->boot_start_ms);
        return f->epoch_ms + (real - f->epoch_ms) * f->speed;
}

int main(int argc, char **argv)
{
        struct options options;
        struct env env;
        struct error e = {0};
        uint64_t speed = 0;
        uint64_t epoch_ms = 0;
        env_init(&env, environ);
        if (text_parse_u64(slice_str(env_get(&env, "KEYFOB_TEST_SPEED")), &speed) < 0 || speed < 1 || speed > 100000 ||
            text_parse_u64(slice_str(env_get(&env, "KEYFOB_TEST_EPOCH_MS")), &epoch_ms) < 0) {
                fputs("keyfobd_accelerated: set KEYFOB_TEST_SPEED and KEYFOB_TEST_EPOCH_MS\n", stderr);
                return 2;
        }
        if (options_parse(argc, argv, &options) != OPTIONS_RUN || hardening_apply(&e) < 0)
                return 2;
        struct fast_clock fast = {.speed = (int64_t)speed, .epoch_ms = (int64_t)epoch_ms};
        clock_init_system(&fast.system);
        fast.boot_start_ms = clock_boot_ms(&fast.system);
        fast.wall_start_ms = fast.system.wall_ms(fast.system.context);
        struct clock clock = {
            .boot_ms = fast_boot_ms, .wall_ms = fast_wall_ms, .speed = (unsigned)speed, .context = &fast};
        return app_run(&options, &env, &clock);
}
