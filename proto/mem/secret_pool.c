// SPDX-License-Identifier: Apache-2.0
// Slabs of blocks of one size. A slab is aligned to its size, so that a block's address leads to it. Slabs with free
// blocks are in the list of their block size; a slab without used blocks is unmapped.
#include "proto/mem/secret_pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proto/mem/secret.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum {
        STEP = 128, // between sizes
        SIZES = 16,
        LARGEST = STEP * SIZES, // larger secrets fill much of a page anyway
        SLAB = 16 * 1024,
        BITS = 64,
        WORDS = SLAB / STEP / BITS
};

struct slab {
        struct slab *next, **link; // in the list of slabs with free blocks
        uint64_t free[WORDS];      // a bit for each block
        uint32_t free_count, count;
};

enum { HEADER = (sizeof(struct slab) + 15) / 16 * 16 };

// The allocator's state.
static struct {
        pthread_mutex_t mutex;
        struct slab *with_space[SIZES];
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static size_t index_of(size_t n)
{
        return (n - 1) / STEP;
}

static struct slab *slab_of(const void *p)
{
        return (struct slab *)((uintptr_t)p / SLAB * SLAB);
}

static uint8_t *block(struct slab *s, size_t index, size_t at)
{
        return (uint8_t *)s + HEADER + at * (index + 1) * STEP;
}

static void list_add(struct slab *s, size_t index)
{
        s->link = &pool.with_space[index];
        s->next = *s->link;
        if (s->next)
                s->next->link = &s->next;
        *s->link = s;
}

static void list_remove(struct slab *s)
{
        *s->link = s->next;
        if (s->next)
                s->next->link = s->link;
}

static struct slab *slab_new(size_t index)
{
        struct slab *s = secret_alloc_aligned(SLAB);
        if (!s)
                return NULL;
        s->count = (uint32_t)((SLAB - HEADER) / ((index + 1) * STEP));
        s->free_count = s->count;
        for (uint32_t i = 0; i < s->count; i++)
                s->free[i / BITS] |= UINT64_C(1) << (i % BITS);
        ASAN_POISON_MEMORY_REGION((uint8_t *)s + HEADER, SLAB - HEADER);
        list_add(s, index);
        return s;
}

static void *take(size_t index)
{
        struct slab *s = pool.with_space[index];
        if (!s)
                s = slab_new(index);
        if (!s)
                return NULL;
        size_t word = 0;
        while (s->free[word] == 0)
                word++;
        size_t bit = (size_t)__builtin_ctzll(s->free[word]);
        s->free[word] &= ~(UINT64_C(1) << bit);
        if (--s->free_count == 0)
                list_remove(s);
        return block(s, index, word * BITS + bit);
}

static void give_back(void *p, size_t index)
{
        struct slab *s = slab_of(p);
        size_t at = (size_t)((uint8_t *)p - (uint8_t *)s - HEADER) / ((index + 1) * STEP);
        s->free[at / BITS] |= UINT64_C(1) << (at % BITS);
        if (s->free_count++ == 0)
                list_add(s, index);
        if (s->free_count < s->count)
                return;
        list_remove(s);
        ASAN_UNPOISON_MEMORY_REGION(s, SLAB);
        secret_release(s, SLAB);
}

void *secret_pool_alloc(size_t n)
{
        if (n > LARGEST)
                return secret_alloc(n);
        (void)pthread_mutex_lock(&pool.mutex);
        void *p = take(index_of(n));
        (void)pthread_mutex_unlock(&pool.mutex);
        if (p)
                ASAN_UNPOISON_MEMORY_REGION(p, n);
        return p;
}

void secret_pool_release(void *p, size_t n)
{
        if (!p)
                return;
        if (n > LARGEST) {
                secret_release(p, n);
                return;
        }
        explicit_bzero(p, n);
        ASAN_POISON_MEMORY_REGION(p, n);
        (void)pthread_mutex_lock(&pool.mutex);
        give_back(p, index_of(n));
        (void)pthread_mutex_unlock(&pool.mutex);
}
