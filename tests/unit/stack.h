// SPDX-License-Identifier: Apache-2.0
// Whether a function leaves a secret on the stack: it runs on one of its own, which is searched when it has returned.
#ifndef TESTS_UNIT_STACK_H
#define TESTS_UNIT_STACK_H

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "proto/mem/slice.h"
#include "tests/unit/unit.h"

enum { STACK_SIZE = 512 * 1024 };

struct stack_run {
        void (*run)(void *arg);
        void *arg;
};

static inline void *stack_begin(void *arg)
{
        struct stack_run *r = arg;
        char above[STACK_SIZE / 4]; // what the end of a thread overwrites
        memset(above, 1, sizeof(above));
        r->run(r->arg);
        return above[0] == 1 ? NULL : arg; // no call: it would overwrite what run() left
}

static inline bool stack_keeps(struct slice secret, void (*run)(void *arg), void *arg)
{
        struct stack_run r = {run, arg};
        pthread_t thread;
        pthread_attr_t attributes;
        void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(stack != MAP_FAILED);
        assert_int_equal(pthread_attr_init(&attributes), 0);
        assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_SIZE), 0);
        assert_int_equal(pthread_create(&thread, &attributes, stack_begin, &r), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        (void)pthread_attr_destroy(&attributes);
        bool keeps = memmem(stack, STACK_SIZE, secret.p, secret.n) != NULL;
        memset(stack, 0, STACK_SIZE); // it is ours, see tests/canary.h
        assert_int_equal(munmap(stack, STACK_SIZE), 0);
        return keeps;
}

#endif
