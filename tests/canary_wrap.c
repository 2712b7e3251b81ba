// SPDX-License-Identifier: Apache-2.0
// The wrapped functions of unit tests; torture.c has its own.
#include "tests/canary.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

// Secret memory is mapped: what is left at the end was not wiped either.
static atomic_long mapped;
static bool may_keep;

void canary_allow_mapped(void)
{
        may_keep = true;
}

WRAPPED(void *, mmap, void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
        void *p = __real_mmap(at, n, protection, flags, fd, offset);
        if (p != MAP_FAILED)
                mapped += (long)n;
        return p;
}

WRAPPED(int, munmap, void *p, size_t n)
{
        canary_check_pages(p, n);
        mapped -= (long)n;
        return __real_munmap(p, n);
}

__attribute__((destructor)) static void check_mapped(void)
{
        if (mapped == 0 || may_keep)
                return;
        (void)fprintf(stderr, "%ld mapped bytes are left at the end\n", mapped);
        (void)fflush(NULL);
        _exit(1);
}
