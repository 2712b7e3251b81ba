// SPDX-License-Identifier: Apache-2.0
// keyfobd. Closes the process's doors before anything else, then hands over to the composition root.
#include <stdio.h>
#include <unistd.h>

#include "sidecar/app/app.h"
#include "sidecar/app/options.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/env.h"
#include "sidecar/base/hardening.h"
#include "sidecar/signing/openssl_memory.h"

int main(int argc, char **argv)
{
        struct options options;
        switch (options_parse(argc, argv, &options)) {
        case OPTIONS_DONE:
                return 0;
        case OPTIONS_USAGE:
                return 2;
        case OPTIONS_RUN:
                break;
        }
        struct error e = {0};
        if (hardening_apply(&e) < 0) {
                fprintf(stderr, "keyfobd: %s\n", e.message);
                return 1;
        }
        openssl_memory_wipe();
        struct env env;
        struct clock clock;
        env_init(&env, environ);
        clock_init_system(&clock);
        return app_run(&options, &env, &clock);
}
