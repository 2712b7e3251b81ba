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

struct stack {
        void *p;
};

struct stack_work {
        void (*run)(void *arg);
        void *arg;
};

static inline void *stack_begin(void *arg)
{
        struct stack_work *w = arg;
        char above[STACK_SIZE / 4]; // what the end of a thread overwrites
        memset(above, 1, sizeof(above));
        w->run(w->arg);
        return above[0] == 1 ? NULL : arg; // no call: it would overwrite what run() left
}

// Runs it on a new stack, which stays as it was left until stack_free().
static inline void stack_run(struct stack *ret, void (*run)(void *arg), void *arg)
{
        struct stack_work w = {run, arg};
        pthread_t thread;
        pthread_attr_t attributes;
        ret->p = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(ret->p != MAP_FAILED);
        assert_int_equal(pthread_attr_init(&attributes), 0);
        assert_int_equal(pthread_attr_setstack(&attributes, ret->p, STACK_SIZE), 0);
        assert_int_equal(pthread_create(&thread, &attributes, stack_begin, &w), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        (void)pthread_attr_destroy(&attributes);
}

static inline bool stack_has(const struct stack *s, struct slice secret)
{
        return memmem(s->p, STACK_SIZE, secret.p, secret.n) != NULL;
}

static inline void stack_free(struct stack *s)
{
        memset(s->p, 0, STACK_SIZE); // it is ours, see tests/canary.h
        assert_int_equal(munmap(s->p, STACK_SIZE), 0);
}

static inline bool stack_keeps(struct slice secret, void (*run)(void *arg), void *arg)
{
        struct stack s;
        stack_run(&s, run, arg);
        bool keeps = stack_has(&s, secret);
        stack_free(&s);
        return keeps;
}

#endif
