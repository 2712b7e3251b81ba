// SPDX-License-Identifier: Apache-2.0
// The wrapped functions of unit tests; torture.c has its own.
#include "tests/canary.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Of each wrapped function, the linker's two names: the one that our objects call, and the one behind it.
#define WRAPPED(type, name, ...)                                                                                       \
        type __real_##name(__VA_ARGS__);                                                                               \
        type __wrap_##name(__VA_ARGS__);                                                                               \
        type __wrap_##name(__VA_ARGS__)

WRAPPED(void *, malloc, size_t n)
{
        return canary_clean(__real_malloc(n));
}

WRAPPED(void *, realloc, void *p, size_t n)
{
        canary_check_block(p, "realloc()");
        return __real_realloc(p, n);
}

WRAPPED(void *, reallocarray, void *p, size_t count, size_t n)
{
        canary_check_block(p, "reallocarray()");
        return __real_reallocarray(p, count, n);
}

WRAPPED(char *, strdup, const char *s)
{
        size_t n = strlen(s) + 1;
        char *copy = canary_clean(__real_malloc(n));
        return copy ? memcpy(copy, s, n) : NULL;
}

WRAPPED(char *, strndup, const char *s, size_t max)
{
        size_t n = strnlen(s, max);
        char *copy = canary_clean(__real_malloc(n + 1));
        if (!copy)
                return NULL;
        copy[n] = '\0';
        return memcpy(copy, s, n);
}

WRAPPED(void, free, void *p)
{
        canary_check_block(p, "free()");
        __real_free(p);
}

WRAPPED(int, munmap, void *p, size_t n)
{
        canary_check_pages(p, n);
        return __real_munmap(p, n);
}
