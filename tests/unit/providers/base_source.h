// SPDX-License-Identifier: Apache-2.0
// For tests: a source of base credentials that gives what a test says, from the next turn of the loop.
#ifndef TESTS_UNIT_PROVIDERS_BASE_SOURCE_H
#define TESTS_UNIT_PROVIDERS_BASE_SOURCE_H

#include "proto/wire/credentials.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/provider.h"
#include "tests/unit/unit.h"

struct base_source {
        struct uv_loop_s *loop;
        const struct credentials *fields; // NULL: fails with `e`
        struct error e;
        bool refuses; // get() itself fails
        bool hangs;   // until it is cancelled
        unsigned gets, cancels;
        int64_t min_life_s; // what the last get() asked for
        provider_done_fn *done;
        void *arg;
};

static inline void base_due(void *arg)
{
        struct base_source *s = arg;
        if (s->fields) {
                struct credentials *c = credentials_new(s->fields);
                assert_non_null(c);
                s->done(s->arg, c, NULL);
        } else {
                s->done(s->arg, NULL, &s->e);
        }
}

static inline int base_get(void *context, int64_t min_life_s, provider_done_fn *done, void *arg, struct error *e)
{
        struct base_source *s = context;
        s->gets++;
        s->min_life_s = min_life_s;
        s->done = done;
        s->arg = arg;
        if (s->refuses)
                return error_set(e, ERROR_CONFIG, "no base");
        if (!s->hangs)
                assert_non_null(delay_start(s->loop, 0, base_due, s));
        return 0;
}

static inline void base_cancel(void *context, void *arg)
{
        struct base_source *s = context;
        assert_ptr_equal(arg, s->arg);
        s->cancels++;
        if (!s->hangs)
                return; // what is under way completes as it would have
        (void)error_set(&s->e, ERROR_CANCELLED, "cancelled");
        s->fields = NULL;
        assert_non_null(delay_start(s->loop, 0, base_due, s));
}

#endif
