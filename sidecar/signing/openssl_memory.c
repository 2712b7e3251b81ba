// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/openssl_memory.h"

#include <openssl/crypto.h>

#include "proto/mem/secret.h"

// OpenSSL gives each allocation the file and the line that it is for.

static void *take(size_t n, const char *file, int line)
{
        (void)file;
        (void)line;
        return wiping_malloc(n);
}

static void *resize(void *p, size_t n, const char *file, int line)
{
        (void)file;
        (void)line;
        return wiping_realloc(p, n);
}

static void give_back(void *p, const char *file, int line)
{
        (void)file;
        (void)line;
        wiping_free(p);
}

void openssl_memory_wipe(void)
{
        // Fails only when something was allocated already; then the library's own functions stay, which is no harm.
        (void)CRYPTO_set_mem_functions(take, resize, give_back);
}
