// SPDX-License-Identifier: Apache-2.0
// Secrets of tests contain one of the canaries. What our own objects free, let realloc() move or unmap is searched for
// them: memory that is given back with a secret in it fails the test. The linker sends the calls here (--wrap, see
// cmake/tests.cmake); libraries keep theirs, but for what they allocate through functions of ours.
#ifndef TESTS_CANARY_H
#define TESTS_CANARY_H

#include <stddef.h>

#define CANARY "CANARY"

// Reports the first canary in these bytes, which `call` is about to give back, with the functions that led there.
void canary_check(const void *p, size_t n, const char *call);

// The same for a whole block of malloc().
void canary_check_block(void *p, const char *call);

// The same for what munmap() gets: pages that nobody could read are made readable for it.
void canary_check_pages(void *p, size_t n);

// Overwrites a block that malloc() just gave: it may hold what a library left there. Returns it; NULL stays NULL.
void *canary_clean(void *p);

// In unit tests what our objects mapped has to be unmapped at the end, but in a program that calls this.
void canary_allow_mapped(void);

// How often one was found. A program in which one was fails at its end, too.
unsigned canary_found(void);

#endif
