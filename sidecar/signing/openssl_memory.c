// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/openssl_memory.h"

#include <openssl/crypto.h>

#include "proto/mem/secret.h"

// OpenSSL passes the file and the line that allocate.

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
        // Fails only if OpenSSL has already allocated memory. It then keeps its own functions, which do not wipe.
        (void)CRYPTO_set_mem_functions(take, resize, give_back);
}
