// SPDX-License-Identifier: Apache-2.0
// Each secret (or slab of secret_pool.c) has its own pages, as locking, dumping and inheriting apply to whole pages.
#include "proto/mem/secret.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// OpenSSL's handshakes, the deepest, take about 30 KiB.
enum { STACK_WIPE_SIZE = 64 * 1024 };

// The only state in this layer: a count for diagnostics.
static _Atomic unsigned long lock_failures;

// `n` rounded up to whole pages; 0 when that does not fit.
static size_t whole_pages(size_t n)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        return n > SIZE_MAX - page ? 0 : (n + page - 1) / page * page;
}

static void *map(size_t n)
{
        void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return p == MAP_FAILED ? NULL : p;
}

static void *protect(void *p, size_t n)
{
        // Kernels may lack each of these, and containers may forbid it. The secret is then still wiped.
        if (mlock(p, n) < 0)
                lock_failures++;
        (void)madvise(p, n, MADV_DONTDUMP);
        (void)madvise(p, n, MADV_WIPEONFORK);
        return p;
}

void *secret_alloc(size_t n)
{
        size_t mapped = whole_pages(n);
        void *p = mapped == 0 ? NULL : map(mapped);
        return p ? protect(p, mapped) : NULL;
}

void *secret_alloc_aligned(size_t n)
{
        uint8_t *p = map(2 * n);
        if (!p)
                return NULL;
        size_t before = n - (uintptr_t)p % n; // at least a page, never zero
        (void)munmap(p, before);
        if (before < n)
                (void)munmap(p + before + n, n - before);
        return protect(p + before, n);
}

void secret_release(void *p, size_t n)
{
        if (!p)
                return;
        explicit_bzero(p, n);
        (void)munmap(p, whole_pages(n)); // unlocks too
}

unsigned long secret_lock_failures(void)
{
        return lock_failures;
}

int secret_copy(struct secret *ret, struct slice bytes)
{
        uint8_t *p = secret_alloc(bytes.n > 0 ? bytes.n : 1);
        if (!p)
                return -ENOMEM;
        if (bytes.n > 0)
                memcpy(p, bytes.p, bytes.n);
        *ret = (struct secret){p, bytes.n};
        return 0;
}

void secret_clear(struct secret *s)
{
        secret_release(s->p, s->n > 0 ? s->n : 1);
        *s = (struct secret){0};
}

__attribute__((noinline)) void secret_wipe_stack(void)
{
        uint8_t below[STACK_WIPE_SIZE];
        explicit_bzero(below, sizeof(below));
}

void *wiping_malloc(size_t n)
{
        return malloc(n);
}

void *wiping_calloc(size_t count, size_t size)
{
        return calloc(count, size);
}

void wiping_free(void *p)
{
        if (p)
                explicit_bzero(p, malloc_usable_size(p));
        free(p);
}

void *wiping_realloc(void *p, size_t n)
{
        if (!p)
                return malloc(n);
        if (n == 0) {
                wiping_free(p);
                return NULL;
        }
        size_t held = malloc_usable_size(p);
        if (n <= held && n > held / 2)
                return p;
        void *q = malloc(n);
        if (!q)
                return NULL;
        memcpy(q, p, n < held ? n : held);
        wiping_free(p);
        return q;
}

char *wiping_strdup(const char *s)
{
        size_t n = strlen(s) + 1;
        char *copy = malloc(n);
        if (copy)
                memcpy(copy, s, n);
        return copy;
}
