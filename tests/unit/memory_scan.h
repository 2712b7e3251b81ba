// SPDX-License-Identifier: Apache-2.0
// Counts copies of a secret in the memory of this process. A needle is kept masked, so that it is no copy itself.
#ifndef TESTS_UNIT_MEMORY_SCAN_H
#define TESTS_UNIT_MEMORY_SCAN_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { NEEDLE_MAX = 128, NEEDLE_MASK = 0x5a };

struct needle {
        const char *what;
        size_t n;
        uint8_t masked[NEEDLE_MAX];
};

// Takes the bytes and wipes them where they were.
static inline struct needle needle_take(const char *what, void *bytes, size_t n)
{
        struct needle needle = {.what = what, .n = n};
        assert_true(n > 1 && n <= NEEDLE_MAX);
        for (size_t i = 0; i < n; i++)
                needle.masked[i] = ((uint8_t *)bytes)[i] ^ NEEDLE_MASK;
        explicit_bzero(bytes, n);
        return needle;
}

static inline void needle_write(const struct needle *needle, void *out)
{
        for (size_t i = 0; i < needle->n; i++)
                ((uint8_t *)out)[i] = needle->masked[i] ^ NEEDLE_MASK;
}

static inline size_t needle_count_in(const struct needle *needle, const uint8_t *p, size_t n)
{
        size_t found = 0;
        for (size_t at = 0; at + needle->n <= n; at++) {
                const uint8_t *first = memchr(p + at, needle->masked[0] ^ NEEDLE_MASK, n - needle->n - at + 1);
                if (!first)
                        break;
                at = (size_t)(first - p);
                size_t same = 1;
                while (same < needle->n && first[same] == (needle->masked[same] ^ NEEDLE_MASK))
                        same++;
                found += same == needle->n;
        }
        return found;
}

struct memory_scan {
        const struct needle *needle;
        int memory; // /proc/self/mem
        uint8_t *chunk;
        size_t found;
};

enum { CHUNK_SIZE = 1 << 20 };

// Chunks overlap by less than a needle. The chunk itself, which holds copies of all, is left out.
static inline void memory_scan_range(struct memory_scan *s, uint64_t from, uint64_t to)
{
        uint64_t own = (uintptr_t)s->chunk;
        while (from + s->needle->n <= to) {
                size_t n = to - from < CHUNK_SIZE ? (size_t)(to - from) : CHUNK_SIZE;
                ssize_t got =
                    from < own + CHUNK_SIZE && own < from + n ? -1 : pread(s->memory, s->chunk, n, (off_t)from);
                if (got > 0)
                        s->found += needle_count_in(s->needle, s->chunk, (size_t)got);
                from += n - s->needle->n + 1;
        }
}

// How many copies there are in all memory that this process may read: heap, mappings, stacks.
static inline size_t memory_count(const struct needle *needle)
{
        const uint64_t largest = UINT64_C(1) << 26; // beyond: reserved by a sanitizer
        struct memory_scan s = {needle, open("/proc/self/mem", O_RDONLY | O_CLOEXEC), NULL, 0};
        FILE *maps = fopen("/proc/self/maps", "re");
        assert_non_null(maps);
        assert_true(s.memory >= 0);
        // Between guards, so that the kernel does not join it with a neighbour.
        uint8_t *guarded = mmap(NULL, 3 * CHUNK_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(guarded != MAP_FAILED);
        s.chunk = guarded + CHUNK_SIZE;
        assert_int_equal(mprotect(s.chunk, CHUNK_SIZE, PROT_READ | PROT_WRITE), 0);
        char line[512];
        while (fgets(line, sizeof(line), maps)) {
                char *end = NULL;
                uint64_t from = strtoull(line, &end, 16);
                uint64_t to = strtoull(end + 1, &end, 16);
                if (end[1] == 'r' && to - from <= largest)
                        memory_scan_range(&s, from, to);
        }
        (void)munmap(guarded, 3 * CHUNK_SIZE);
        (void)fclose(maps);
        (void)close(s.memory);
        return s.found;
}

enum { STACK_STEP = 256 * 1024 };

// Overwrites what returned functions have left on the stack.
__attribute__((noinline, unused)) static void stack_wipe(void)
{
        uint8_t below[2 * STACK_STEP];
        explicit_bzero(below, sizeof(below));
}

// Calls `work` so far down the stack that what it leaves there is not overwritten by the scan that follows.
__attribute__((noinline, unused)) static void stack_call_deep(void (*work)(void *), void *arg)
{
        volatile uint8_t above[STACK_STEP];
        above[0] = above[STACK_STEP - 1] = 0;
        work(arg);
        above[0] = 1; // no tail call
}

static inline void assert_nowhere(const struct needle *needle)
{
        size_t found = memory_count(needle);
        if (found > 0)
                fail_msg("%zu copies of %s in memory", found, needle->what);
}

static inline void assert_somewhere(const struct needle *needle)
{
        if (memory_count(needle) == 0)
                fail_msg("%s is not in memory: the scan would find nothing", needle->what);
}

#endif
