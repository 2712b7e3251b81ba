// SPDX-License-Identifier: Apache-2.0
// Bytes whose last one tells whether it was read: a comparison in constant time reads all of them, whatever the first
// is.
#ifndef TESTS_UNIT_WATCHED_H
#define TESTS_UNIT_WATCHED_H

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "proto/mem/slice.h"

enum { WATCHED_PAGE = 4096 };

static uint8_t *watched_page;
static volatile sig_atomic_t watched_reads;

static inline void watched_fault(int number, siginfo_t *about, void *context)
{
        (void)context;
        if ((uint8_t *)about->si_addr != watched_page || watched_reads > 0) {
                (void)signal(number, SIG_DFL); // another fault: it comes again, and ends the test
                return;
        }
        watched_reads = 1;
        (void)mprotect(watched_page, WATCHED_PAGE, PROT_READ);
}

// A copy of at most a page. There is one at a time; give it back with watched_free().
static inline struct slice watched_copy(struct slice s)
{
        const struct sigaction action = {.sa_sigaction = watched_fault, .sa_flags = SA_SIGINFO};
        uint8_t *memory =
            mmap(NULL, (size_t)2 * WATCHED_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED || s.n == 0 || s.n > WATCHED_PAGE)
                abort();
        watched_page = memory + WATCHED_PAGE;
        watched_reads = 0;
        uint8_t *at = watched_page + 1 - s.n;
        memcpy(at, s.p, s.n);
        if (sigaction(SIGSEGV, &action, NULL) < 0 || mprotect(watched_page, WATCHED_PAGE, PROT_NONE) < 0)
                abort();
        return slice_of(at, s.n);
}

static inline bool watched_was_read(void)
{
        return watched_reads > 0;
}

static inline void watched_free(void)
{
        (void)signal(SIGSEGV, SIG_DFL);
        (void)munmap(watched_page - WATCHED_PAGE, (size_t)2 * WATCHED_PAGE);
}

#endif
