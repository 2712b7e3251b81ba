// SPDX-License-Identifier: Apache-2.0
// For tests: a provider and what it depends on (loop, clock that stands still, HTTP client, signer, an upstream with
// scripted answers, a source of base credentials), its runs from start to completion, and what is expected of them.
//
// A test file says which profile its provider is made from:
//
//         static struct harness *set_up(const struct upstream_answer *answers, size_t count)
//         {
//                 struct harness *h = harness_new(answers, count);
//                 h->profile = (struct profile){.type = …, .endpoint_url = h->upstream.url, …};
//                 harness_make(h, &h->profile, NULL); // or harness_make_on_base()
//                 return h;
//         }
//
// and a test what is answered, and what comes of it:
//
//         struct harness *h = set_up(ANSWERS({200, DATE_NOW, SESSION}));
//         harness_run_to_credentials(h);
//         harness_free(h);
#ifndef TESTS_UNIT_PROVIDERS_HARNESS_H
#define TESTS_UNIT_PROVIDERS_HARNESS_H

#include <stdlib.h>
#include <uv.h>

#include "proto/wire/credentials.h"
#include "sidecar/base/clock.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/http_client.h"
#include "sidecar/io/workers.h"
#include "sidecar/providers/registry.h"
#include "sidecar/signing/sigv4.h"
#include "tests/unit/folder.h"
#include "tests/unit/providers/base_source.h"
#include "tests/unit/providers/upstream.h"
#include "tests/unit/unit.h"

// A script of answers and their count, two arguments in one. They live as long as the block that names them.
#define ANSWERS(...)                                                                                                   \
        (const struct upstream_answer[]){__VA_ARGS__}, LENGTH(((const struct upstream_answer[]){__VA_ARGS__}))
#define SILENCE 0, NULL, NULL // an answer that does not come

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
        struct profile profile; // for harness_make(); the provider reads it at each run
        struct base_source base;
        char text[128]; // for a profile that wants one that is made up: a longer URL, a command
        struct folder folder;
        char file[64]; // in the folder, both after harness_file()
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
                                         .workers = workers_new(&h->loop)};
        assert_non_null(h->deps.workers);
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
        provider_set_profile(h->provider, profile);
        free(before->endpoint_url);
        free(before->role.role_arn);
        free(before->secretsmanager.secret_id);
        free(before);
}

// The same for h->profile, on a source that gives these.
static inline void harness_make_on_base(struct harness *h, const struct credentials *fields)
{
        h->base = (struct base_source){.loop = &h->loop, .fields = fields};
        const struct credentials_source source = {base_get, base_cancel, &h->base};
        harness_make(h, &h->profile, &source);
}

// Names a file in a folder of its own, h->file; the file itself is the test's affair.
static inline void harness_file(struct harness *h, const char *name)
{
        folder_make(&h->folder);
        folder_name(&h->folder, name, h->file, sizeof(h->file));
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

static inline void harness_run_to_credentials(struct harness *h)
{
        harness_run(h);
        if (!h->c)
                fail_msg("%s: %s", error_kind_name(h->e.kind), h->e.message);
}

static inline void harness_run_to_error(struct harness *h, enum error_kind kind)
{
        harness_run(h);
        assert_null(h->c);
        if (h->e.kind != kind)
                fail_msg("%s: %s", error_kind_name(h->e.kind), h->e.message);
}

// What is wrong is known before anything has begun.
static inline void harness_does_not_start(struct harness *h, enum error_kind kind)
{
        assert_int_equal(harness_start(h), -1);
        assert_int_equal(h->e.kind, kind);
}

static inline void harness_finish_cancelled(struct harness *h)
{
        harness_finish(h);
        assert_null(h->c);
        assert_int_equal(h->e.kind, ERROR_CANCELLED);
}

// A run that is cancelled before anything was sent.
static inline void harness_cancel_at_once(struct harness *h)
{
        assert_int_equal(harness_start(h), 0);
        provider_cancel(h->provider);
        harness_finish_cancelled(h);
}

// One that is cancelled when the upstream, which stays silent, has the request.
static inline void harness_cancel_on_receipt(struct harness *h)
{
        enum { SOON_MS = 1500 }; // sooner than any time-out of a source
        uint64_t begin_ns = uv_hrtime();
        h->cancels_on_receipt = true;
        assert_int_equal(harness_start(h), 0);
        harness_finish_cancelled(h);
        assert_true(uv_hrtime() - begin_ns < (uint64_t)SOON_MS * 1000000);
        h->cancels_on_receipt = false;
}

// The error of row `row` of a table: its kind, and what its message and its hint hold.
static inline void harness_expect_error(const struct harness *h, size_t row, enum error_kind kind, const char *message,
                                        const char *hint)
{
        assert_null(h->c);
        if (h->e.kind != kind || !strstr(h->e.message, message) || !strstr(h->e.hint, hint))
                fail_msg("row %zu: %s: %s | %s", row, error_kind_name(h->e.kind), h->e.message, h->e.hint);
}

// That neither message nor hint of the last error holds what nobody may read.
static inline void harness_expect_unreported(const struct harness *h, const char *secret)
{
        assert_null(strstr(h->e.message, secret));
        assert_null(strstr(h->e.hint, secret));
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
        workers_close(h->deps.workers);
        http_client_close(h->deps.http, harness_closed, &is_closed);
        if (h->upstream.listener >= 0)
                upstream_stop(&h->upstream);
        uv_close((uv_handle_t *)&h->received, NULL);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0);
        assert_true(is_closed);
        assert_int_equal(uv_loop_close(&h->loop), 0);
        signer_free(h->deps.signer);
        if (h->file[0]) {
                (void)remove(h->file);
                folder_remove(&h->folder);
        }
        explicit_bzero(h, sizeof(*h)); // with what the requests held, see tests/canary.h
        free(h);
}

// An answer that gives no credentials, and what is said of it.
struct refusal {
        struct upstream_answer answer;
        enum error_kind kind;
        const char *message, *hint; // parts of them
};

struct refusals {
        const struct refusal *rows;
        size_t count;
        const char *about;  // a part of every message
        const char *secret; // a part of none
};

// Each answer to a provider of its own, which asks once.
static inline void harness_expect_refusals(struct harness *(*set_up)(const struct upstream_answer *, size_t),
                                           const struct refusals *r)
{
        for (size_t i = 0; i < r->count; i++) {
                struct harness *h = set_up(&r->rows[i].answer, 1);
                harness_run(h);
                harness_expect_error(h, i, r->rows[i].kind, r->rows[i].message, r->rows[i].hint);
                harness_expect_unreported(h, r->secret);
                assert_non_null(strstr(h->e.message, r->about));
                (void)harness_requests(h, 1);
                harness_free(h);
        }
}

// --- what was asked: request number `i`, from 0, after harness_requests() ---

static inline void harness_begins(const struct harness *h, size_t i, const char *line)
{
        const char *request = h->upstream.requests[i];
        if (strncmp(request, line, strlen(line)) != 0)
                print_error("request %zu: %.120s\n", i, request);
        assert_memory_equal(request, line, strlen(line));
}

// A header field, whole. "": it is absent or empty.
static inline void harness_has_field(const struct harness *h, size_t i, const char *name, const char *expected)
{
        char value[4096];
        upstream_field(h->upstream.requests[i], name, value, sizeof(value));
        assert_string_equal(value, expected);
}

static inline void harness_field_holds(const struct harness *h, size_t i, const char *name, const char *part)
{
        char value[4096];
        upstream_field(h->upstream.requests[i], name, value, sizeof(value));
        if (!strstr(value, part))
                print_error("request %zu: %s: %s\n", i, name, value);
        assert_non_null(strstr(value, part));
}

static inline void harness_has_body(const struct harness *h, size_t i, const char *expected)
{
        assert_string_equal(upstream_body(h->upstream.requests[i]), expected);
}

#endif
