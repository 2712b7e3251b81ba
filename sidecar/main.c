// SPDX-License-Identifier: Apache-2.0
// keyfobd. Closes the process's doors before anything else, then hands over to the composition root.
#include <openssl/crypto.h>
#include <stdio.h>
#include <unistd.h>

#include "proto/mem/secret.h"
#include "sidecar/app/app.h"
#include "sidecar/app/options.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/env.h"
#include "sidecar/base/hardening.h"

// OpenSSL's allocations carry file and line; freed memory is wiped, as it may have held keys.
static void *crypto_malloc(size_t n, const char *file, int line)
{
        (void)file;
        (void)line;
        return wiping_malloc(n);
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
        (void)file;
        (void)line;
        return wiping_realloc(p, n);
}

static void crypto_free(void *p, const char *file, int line)
{
        (void)file;
        (void)line;
        wiping_free(p);
}

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
        // Fails only when something was allocated already; then the library's own functions stay, which is no harm.
        (void)CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
        struct env env;
        struct clock clock;
        env_init(&env, environ);
        clock_init_system(&clock);
        return app_run(&options, &env, &clock);
}
