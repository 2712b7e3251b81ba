// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/openssl_memory.h"

#include <openssl/crypto.h>
#include <string.h>

#include "tests/canary.h"
#include "tests/unit/unit.h"

// That it is wiped is seen to by tests/canary.h, at the functions of the C library that it ends in.
static void what_openssl_frees_is_wiped(void **state)
{
        (void)state;
        char *p = OPENSSL_strdup(CANARY);
        assert_non_null(p);
        for (size_t n = 64; n < 100000; n *= 8) {
                p = OPENSSL_realloc(p, n);
                assert_non_null(p);
                assert_string_equal(p, CANARY);
        }
        OPENSSL_free(p);
        assert_true(canary_found() == 0);
}

static void its_memory_is_ours(void **state)
{
        (void)state;
        CRYPTO_malloc_fn malloc_fn = NULL;
        CRYPTO_realloc_fn realloc_fn = NULL;
        CRYPTO_free_fn free_fn = NULL;
        CRYPTO_get_mem_functions(&malloc_fn, &realloc_fn, &free_fn);
        assert_true(malloc_fn != CRYPTO_malloc && realloc_fn != CRYPTO_realloc && free_fn != CRYPTO_free);
}

int main(void)
{
        openssl_memory_wipe();
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(its_memory_is_ours),
            cmocka_unit_test(what_openssl_frees_is_wiped),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
