// SPDX-License-Identifier: Apache-2.0
// Loop thread only. A call is on one of two lists: under way (waiting for its CA bundle, or libcurl's), or finished and
// waiting for its completion. Completions are made by an idle handle in a turn of their own, so that callers may start,
// cancel and close from within them.
#include "sidecar/io/http_client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uv.h>

#include "proto/mem/secret.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/env.h"
#include "sidecar/io/http_error.h"
#include "sidecar/io/http_pool.h"
#include "sidecar/io/http_transfer.h"

enum call_state { CALL_WAITING, CALL_RUNNING, CALL_FINISHED, CALL_COMPLETING };

struct http_call {
        TAILQ_ENTRY(http_call) link;
        struct http_client *client;
        struct http_pool *pool;
        struct http_transfer transfer;
        enum call_state state;
        uint64_t deadline_ms; // of uv_now()
        int64_t boot_ms;      // when it finished
        struct error error;   // kind ERROR_NONE: a response
        http_done_fn *done;
        void *arg;
};

TAILQ_HEAD(calls, http_call);

struct http_client {
        uv_loop_t *loop;
        const struct clock *clock;
        struct env env;
        char *user_agent;
        bool is_curl_ready;
        struct http_pool **pools;
        size_t pools_count;
        struct calls under_way, finished;
        uv_timer_t deadline; // of the call whose total time is over first
        uv_idle_t completer; // runs while `finished` is not empty
        bool is_closing, is_completing;
        unsigned open; // handles and pools that are not closed yet
        void (*closed)(void *arg);
        void *closed_arg;
};

static void begin_end(struct http_client *client);
static void on_deadline(uv_timer_t *timer);
static void on_complete(uv_idle_t *idle);

// --- life of a call ---

static void call_free(struct http_call *call)
{
        http_transfer_deinit(&call->transfer);
        free(call);
}

static void deadline_arm(struct http_client *client)
{
        const struct http_call *call;
        uint64_t first = UINT64_MAX;
        TAILQ_FOREACH(call, &client->under_way, link)
        {
                if (call->deadline_ms < first)
                        first = call->deadline_ms;
        }
        uint64_t now = uv_now(client->loop);
        if (first == UINT64_MAX)
                (void)uv_timer_stop(&client->deadline);
        else
                (void)uv_timer_start(&client->deadline, on_deadline, first > now ? first - now : 0, 0);
}

// Takes it from libcurl, if it is there, and lets its completion follow. Its error has been set, or there is none.
static void call_finish(struct http_call *call)
{
        struct http_client *client = call->client;
        if (call->state == CALL_RUNNING)
                http_pool_remove(call->pool, call->transfer.easy);
        call->state = CALL_FINISHED;
        call->boot_ms = clock_boot_ms(client->clock);
        TAILQ_REMOVE(&client->under_way, call, link);
        TAILQ_INSERT_TAIL(&client->finished, call, link);
        (void)uv_idle_start(&client->completer, on_complete); // cannot fail
        deadline_arm(client);
}

static void call_complete(struct http_call *call)
{
        call->state = CALL_COMPLETING;
        if (call->error.kind != ERROR_NONE) {
                call->done(call->arg, NULL, &call->error);
        } else {
                struct http_field fields[HTTP_TRANSFER_FIELDS_MAX];
                struct http_response response;
                http_transfer_response(&call->transfer, fields, &response);
                response.boot_ms = call->boot_ms;
                call->done(call->arg, &response, NULL);
        }
        call_free(call);
}

static void on_complete(uv_idle_t *idle)
{
        struct http_client *client = idle->data;
        struct calls due = TAILQ_HEAD_INITIALIZER(due);
        (void)uv_idle_stop(idle);
        // What finishes from within a completion has its turn after this one.
        TAILQ_CONCAT(&due, &client->finished, link);
        client->is_completing = true;
        while (!TAILQ_EMPTY(&due)) {
                struct http_call *call = TAILQ_FIRST(&due);
                TAILQ_REMOVE(&due, call, link);
                call_complete(call);
        }
        client->is_completing = false;
        begin_end(client);
}

static void set_cancelled(struct http_call *call)
{
        error_set(&call->error, ERROR_CANCELLED, "request to %s: cancelled", call->transfer.target.authority.text);
}

void http_call_cancel(struct http_call *call)
{
        if (call->state == CALL_COMPLETING)
                return;
        bool is_under_way = call->state != CALL_FINISHED;
        set_cancelled(call);
        if (is_under_way)
                call_finish(call);
}

// --- what ends a call ---

// libcurl has ended it.
static void on_ended(void *transfer, CURLcode rc)
{
        struct http_call *call = transfer;
        if (rc == CURLE_OK && !http_transfer_is_whole(&call->transfer))
                rc = CURLE_PARTIAL_FILE;
        if (rc != CURLE_OK)
                http_error_from_curl(&call->transfer, rc, &call->error);
        call_finish(call);
}

static void call_time_out(struct http_call *call)
{
        http_error_timed_out(&call->transfer, call->transfer.total_timeout_ms, &call->error);
        if (call->state == CALL_WAITING) {
                error_set(&call->error, ERROR_TRANSIENT, "request to %s: its CA bundle was not read within %lld ms",
                          call->transfer.target.authority.text, (long long)call->transfer.total_timeout_ms);
                call->error.timed_out = true;
        }
        call_finish(call);
}

static void on_deadline(uv_timer_t *timer)
{
        struct http_client *client = timer->data;
        struct http_call *next;
        for (struct http_call *call = TAILQ_FIRST(&client->under_way); call; call = next) {
                next = TAILQ_NEXT(call, link);
                if (call->deadline_ms <= uv_now(client->loop))
                        call_time_out(call);
        }
        deadline_arm(client);
}

static void call_run(struct http_call *call, const struct error *error)
{
        if (error)
                call->error = *error;
        else if (http_pool_add(call->pool, call->transfer.easy, &call->error) == 0)
                call->state = CALL_RUNNING;
        if (call->state != CALL_RUNNING)
                call_finish(call);
}

// A CA bundle is there, or is not to be had.
static void on_trusted(void *arg, const struct http_pool *pool, const struct error *error)
{
        struct http_client *client = arg;
        struct http_call *next;
        for (struct http_call *call = TAILQ_FIRST(&client->under_way); call; call = next) {
                next = TAILQ_NEXT(call, link);
                if (call->state == CALL_WAITING && call->pool == pool)
                        call_run(call, error);
        }
}

// --- starting ---

static int need_curl(struct http_client *client, struct error *e)
{
        if (client->is_curl_ready)
                return 0;
        CURLcode rc = curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc,
                                           wiping_strdup, wiping_calloc);
        if (rc != CURLE_OK)
                return error_set(e, ERROR_INTERNAL, "initialise libcurl: %s", curl_easy_strerror(rc));
        client->is_curl_ready = true;
        return 0;
}

static struct http_pool *find_pool(struct http_client *client, const char *ca_bundle)
{
        for (size_t i = 0; i < client->pools_count; i++)
                if (http_pool_is_for(client->pools[i], ca_bundle))
                        return client->pools[i];
        struct http_pool_deps deps = {
            .loop = client->loop, .env = &client->env, .ended = on_ended, .trusted = on_trusted, .arg = client};
        struct http_pool **pools = realloc(client->pools, (client->pools_count + 1) * sizeof(struct http_pool *));
        if (!pools)
                return NULL;
        client->pools = pools;
        struct http_pool *pool = http_pool_new(&deps, ca_bundle);
        if (pool)
                client->pools[client->pools_count++] = pool;
        return pool;
}

// Hands the call to its pool. Nothing of it remains in the lists on failure.
static int call_begin(struct http_call *call, const char *ca_bundle, struct error *e)
{
        struct http_client *client = call->client;
        bool is_tls = call->transfer.target.is_tls;
        call->pool = find_pool(client, is_tls ? ca_bundle : NULL);
        if (!call->pool)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        int trust = is_tls ? http_pool_trust(call->pool, e) : 1;
        if (trust < 0)
                return -1;
        if (trust > 0) {
                if (http_pool_add(call->pool, call->transfer.easy, e) < 0)
                        return -1;
                call->state = CALL_RUNNING;
        }
        uv_update_time(client->loop); // else the time that the loop has been away counts as waiting
        call->deadline_ms = uv_now(client->loop) + (uint64_t)call->transfer.total_timeout_ms;
        TAILQ_INSERT_TAIL(&client->under_way, call, link);
        deadline_arm(client);
        return 0;
}

struct http_call *http_client_start(struct http_client *client, const struct http_request *request, http_done_fn *done,
                                    void *arg, struct error *e)
{
        if (client->is_closing) {
                error_set(e, ERROR_CANCELLED, "the agent is shutting down");
                return NULL;
        }
        if (need_curl(client, e) < 0)
                return NULL;
        struct http_call *call = calloc(1, sizeof(*call));
        if (!call) {
                error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        call->client = client;
        call->state = CALL_WAITING;
        call->done = done;
        call->arg = arg;
        const struct http_transfer_from from = {client->user_agent, &client->env, call};
        if (http_transfer_init(&call->transfer, request, &from, e) < 0 || call_begin(call, request->ca_bundle, e) < 0) {
                call_free(call);
                return NULL;
        }
        return call;
}

struct slice http_response_field(const struct http_response *response, struct slice name)
{
        for (size_t i = 0; i < response->fields_count; i++)
                if (slice_eq(response->fields[i].name, name))
                        return response->fields[i].value;
        return (struct slice){0};
}

// --- life of the client ---

struct http_client *http_client_new(const struct http_client_deps *deps)
{
        struct http_client *client = calloc(1, sizeof(*client));
        if (!client)
                return NULL;
        if (deps->user_agent) {
                client->user_agent = strdup(deps->user_agent);
                if (!client->user_agent) {
                        free(client);
                        return NULL;
                }
        }
        client->loop = deps->loop;
        client->clock = deps->clock;
        if (deps->env)
                client->env = *deps->env;
        TAILQ_INIT(&client->under_way);
        TAILQ_INIT(&client->finished);
        // Neither can fail: they are list links.
        (void)uv_timer_init(client->loop, &client->deadline);
        (void)uv_idle_init(client->loop, &client->completer);
        client->deadline.data = client;
        client->completer.data = client;
        return client;
}

static void part_closed(void *arg)
{
        struct http_client *client = arg;
        if (--client->open > 0)
                return;
        void (*closed)(void *) = client->closed;
        void *closed_arg = client->closed_arg;
        if (client->is_curl_ready)
                curl_global_cleanup();
        free(client->pools);
        free(client->user_agent);
        free(client);
        if (closed)
                closed(closed_arg);
}

static void handle_closed(uv_handle_t *handle)
{
        part_closed(handle->data);
}

// Once it is closing and the last completion has been made: the handles and pools.
static void begin_end(struct http_client *client)
{
        if (!client->is_closing || client->is_completing || client->open > 0 || !TAILQ_EMPTY(&client->finished))
                return;
        assert(TAILQ_EMPTY(&client->under_way)); // closing has cancelled all, and starting is refused since
        client->open = 2 + (unsigned)client->pools_count;
        uv_close((uv_handle_t *)&client->deadline, handle_closed);
        uv_close((uv_handle_t *)&client->completer, handle_closed);
        for (size_t i = 0; i < client->pools_count; i++)
                http_pool_close(client->pools[i], part_closed, client);
}

void http_client_close(struct http_client *client, void (*closed)(void *arg), void *arg)
{
        if (client->is_closing)
                return;
        client->is_closing = true;
        client->closed = closed;
        client->closed_arg = arg;
        while (!TAILQ_EMPTY(&client->under_way))
                http_call_cancel(TAILQ_FIRST(&client->under_way));
        begin_end(client);
}
