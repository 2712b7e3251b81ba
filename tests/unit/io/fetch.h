// SPDX-License-Identifier: Apache-2.0
// A loop with a client on it, and completions that are counted and remembered.
#ifndef TESTS_UNIT_IO_FETCH_H
#define TESTS_UNIT_IO_FETCH_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/env.h"
#include "sidecar/io/http_client.h"
#include "tests/unit/unit.h"

struct fetcher {
        uv_loop_t loop;
        struct clock clock;
        struct env env;
        struct http_client *client;
        bool is_starting; // completions now would be too early
        unsigned closed;
};

// What became of one call.
struct fetched {
        struct fetcher *fetcher;
        unsigned completions;
        int status; // 0: an error
        struct buffer body;
        struct error error;
        void (*then)(struct fetched *fetched, const struct http_response *response); // within the completion
        struct http_call *other;                                                     // for `then`
};

static inline void fetcher_open(struct fetcher *f, char **environment)
{
        *f = (struct fetcher){0};
        assert_int_equal(uv_loop_init(&f->loop), 0);
        clock_init_system(&f->clock);
        env_init(&f->env, environment);
        struct http_client_deps deps = {
            .loop = &f->loop, .clock = &f->clock, .user_agent = "keyfob/test", .env = &f->env};
        f->client = http_client_new(&deps);
        assert_non_null(f->client);
}

static inline void fetcher_closed(void *arg)
{
        struct fetcher *f = arg;
        f->client = NULL;
        f->closed++;
}

static inline void fetcher_run(struct fetcher *f)
{
        assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
}

static inline void fetcher_close(struct fetcher *f)
{
        if (f->client)
                http_client_close(f->client, fetcher_closed, f);
        fetcher_run(f);
        assert_int_equal(f->closed, 1);
        assert_int_equal(uv_loop_close(&f->loop), 0);
}

static inline void fetch_done(void *arg, const struct http_response *response, const struct error *error)
{
        struct fetched *r = arg;
        assert_false(r->fetcher->is_starting);
        assert_true((response == NULL) != (error == NULL));
        r->completions++;
        if (error) {
                assert_int_not_equal(error->kind, ERROR_NONE);
                r->error = *error;
        } else {
                r->status = response->status;
                assert_int_equal(buffer_put(&r->body, response->body), 0);
        }
        if (r->then)
                r->then(r, response);
}

static inline struct http_call *fetch_start(struct fetcher *f, const struct http_request *request, struct fetched *ret)
{
        void (*then)(struct fetched *, const struct http_response *) = ret->then;
        *ret = (struct fetched){.fetcher = f, .then = then};
        buffer_init(&ret->body, 8u * 1024 * 1024);
        f->is_starting = true;
        struct http_call *call = http_client_start(f->client, request, fetch_done, ret, &ret->error);
        f->is_starting = false;
        return call;
}

static inline void fetched_free(struct fetched *r)
{
        buffer_free(&r->body);
}

// Starts a request and runs the loop until nothing is left on it: a second completion would come to light.
static inline void fetch(struct fetcher *f, const struct http_request *request, struct fetched *ret)
{
        ret->then = NULL;
        struct http_call *call = fetch_start(f, request, ret);
        if (!call)
                fail_msg("not started: %s", ret->error.message);
        fetcher_run(f);
        assert_int_equal(ret->completions, 1);
}

static inline void assert_status(const struct fetched *r, int status)
{
        if (r->completions != 1 || r->status != status)
                fail_msg("%u completions, status %d: %s (%s)", r->completions, r->status, r->error.message,
                         r->error.hint);
}

static inline void assert_error(const struct fetched *r, enum error_kind kind, const char *text)
{
        if (r->error.kind != kind || !strstr(r->error.message, text))
                fail_msg("status %d, %s: %s (%s), not %s: …%s…", r->status, error_kind_name(r->error.kind),
                         r->error.message, r->error.hint, error_kind_name(kind), text);
}

#endif
