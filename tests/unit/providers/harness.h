// SPDX-License-Identifier: Apache-2.0
// For tests: what a provider depends on (loop, clock that stands still, HTTP client, signer), a source of base
// credentials, and a run of a provider from start to completion.
#ifndef TESTS_UNIT_PROVIDERS_HARNESS_H
#define TESTS_UNIT_PROVIDERS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <uv.h>

#include <cmocka.h>

#include "proto/wire/credentials.h"
#include "sidecar/base/clock.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/defer.h"
#include "sidecar/io/http_client.h"
#include "sidecar/io/lanes.h"
#include "sidecar/providers/registry.h"
#include "sidecar/signing/sigv4.h"
#include "tests/unit/providers/upstream.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { NOW_S = 1798761600 }; // 2027-01-01T00:00:00Z
#define DATE_NOW "Date: Fri, 01 Jan 2027 00:00:00 GMT\r\n"
#define DATE_HALF_PAST "Date: Fri, 01 Jan 2027 00:30:00 GMT\r\n"

struct harness {
        uv_loop_t loop;
        uv_async_t received;
        struct clock clock;
        int64_t wall_ms, boot_ms;
        struct provider_deps deps;
        struct upstream upstream;
        struct provider *provider;
        // of the last run
        unsigned completions;
        bool is_starting, has_received, cancels_on_receipt;
        struct credentials *c;
        struct error e;
};

static inline int64_t harness_wall_ms(void *context)
{
        return ((struct harness *)context)->wall_ms;
}

static inline int64_t harness_boot_ms(void *context)
{
        return ((struct harness *)context)->boot_ms;
}

// In the server's thread.
static inline void harness_upstream_received(void *arg)
{
        (void)uv_async_send(&((struct harness *)arg)->received);
}

static inline void harness_received(uv_async_t *async)
{
        struct harness *h = async->data;
        h->has_received = true;
        if (h->cancels_on_receipt)
                provider_cancel(h->provider);
}

static inline struct harness *harness_new(const struct upstream_answer *answers, size_t count)
{
        struct harness *h = calloc(1, sizeof(*h));
        assert_non_null(h);
        h->wall_ms = (int64_t)NOW_S * 1000;
        h->boot_ms = 5000000;
        h->clock = (struct clock){harness_boot_ms, harness_wall_ms, 1, h};
        assert_int_equal(uv_loop_init(&h->loop), 0);
        assert_int_equal(uv_async_init(&h->loop, &h->received, harness_received), 0);
        uv_unref((uv_handle_t *)&h->received);
        h->received.data = h;
        const struct http_client_deps http = {.loop = &h->loop, .clock = &h->clock, .user_agent = "test"};
        h->deps = (struct provider_deps){.loop = &h->loop,
                                         .clock = &h->clock,
                                         .http = http_client_new(&http),
                                         .signer = signer_new(),
                                         .lanes = lanes_new(&h->loop)};
        assert_non_null(h->deps.lanes);
        assert_non_null(h->deps.http);
        assert_non_null(h->deps.signer);
        h->upstream.received = harness_upstream_received;
        h->upstream.arg = h;
        assert_int_equal(upstream_start(&h->upstream, answers, count), 0);
        return h;
}

static inline char *harness_copy(const char *text)
{
        char *copy = text ? strdup(text) : NULL;
        assert_true(!text || copy);
        return copy;
}

// As a reload leaves it: made from another copy of the profile, which is gone.
static inline void harness_make(struct harness *h, const struct profile *profile,
                                const struct credentials_source *source)
{
        struct error e;
        struct profile *before = malloc(sizeof(*before));
        assert_non_null(before);
        *before = *profile;
        before->endpoint_url = harness_copy(profile->endpoint_url);
        before->role.role_arn = harness_copy(profile->role.role_arn);
        before->secretsmanager.secret_id = harness_copy(profile->secretsmanager.secret_id);
        assert_int_equal(registry_make(&h->deps, before, source, &h->provider, &e), 0);
        assert_true(provider_rebind(h->provider, profile));
        free(before->endpoint_url);
        free(before->role.role_arn);
        free(before->secretsmanager.secret_id);
        free(before);
}

static inline void harness_done(void *arg, struct credentials *c, const struct error *e)
{
        struct harness *h = arg;
        assert_false(h->is_starting);
        assert_true((c == NULL) != (e == NULL));
        h->completions++;
        h->c = c;
        if (e)
                h->e = *e;
}

// Starts the provider; 0 or -1 as it says.
static inline int harness_start(struct harness *h)
{
        credentials_unref(h->c);
        h->c = NULL;
        h->completions = 0;
        h->has_received = false;
        memset(&h->e, 0, sizeof(h->e));
        h->is_starting = true;
        int r = provider_start(h->provider, harness_done, h, &h->e);
        h->is_starting = false;
        assert_int_equal(h->completions, 0);
        return r;
}

static inline void harness_finish(struct harness *h)
{
        while (h->completions == 0)
                (void)uv_run(&h->loop, UV_RUN_ONCE);
        assert_int_equal(h->completions, 1);
}

static inline void harness_run(struct harness *h)
{
        if (harness_start(h) != 0)
                fail_msg("not started: %s", h->e.message);
        harness_finish(h);
}

static inline void harness_closed(void *arg)
{
        *(bool *)arg = true;
}

// Ends the server, so that its requests may be read.
static inline const char *harness_requests(struct harness *h, size_t expected)
{
        upstream_stop(&h->upstream);
        h->upstream.listener = -1;
        assert_int_equal(h->upstream.requests_count, expected);
        return h->upstream.requests[0];
}

static inline void harness_free(struct harness *h)
{
        bool is_closed = false;
        credentials_unref(h->c);
        provider_free(h->provider);
        lanes_close(h->deps.lanes);
        http_client_close(h->deps.http, harness_closed, &is_closed);
        if (h->upstream.listener >= 0)
                upstream_stop(&h->upstream);
        uv_close((uv_handle_t *)&h->received, NULL);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0);
        assert_true(is_closed);
        assert_int_equal(uv_loop_close(&h->loop), 0);
        signer_free(h->deps.signer);
        free(h);
}

// A source of base credentials: what its fields say, from the next turn of the loop.
struct base_source {
        struct uv_loop_s *loop;
        const struct credentials *fields; // NULL: fails with `e`
        struct error e;
        bool refuses; // get() itself fails
        bool hangs;   // until it is cancelled
        unsigned gets, cancels;
        int64_t min_life_s;
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
                assert_non_null(defer_start(s->loop, base_due, s));
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
        assert_non_null(defer_start(s->loop, base_due, s));
}

#endif
