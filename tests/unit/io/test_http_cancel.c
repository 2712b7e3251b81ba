// SPDX-License-Identifier: Apache-2.0
// Calls that are called off, and a client that is closed, at any moment.
#include "sidecar/io/http_client.h"
#include "tests/unit/io/plain.h"

static void assert_cancelled(const struct fetched *r)
{
        assert_int_equal(r->completions, 1);
        assert_error(r, ERROR_CANCELLED, "cancelled");
}

static void test_cancel_at_once(void **state)
{
        struct fixture *x = *state;
        struct fetched r = {0};
        struct http_request request = get(x, "/well");
        struct http_call *call = fetch_start(&x->f, &request, &r);
        assert_non_null(call);
        http_call_cancel(call);
        http_call_cancel(call);
        assert_int_equal(r.completions, 0);
        fetcher_run(&x->f);
        assert_cancelled(&r);
        fetched_free(&r);
}

static void test_cancel_while_it_waits(void **state)
{
        struct fixture *x = *state;
        struct fetched r = {0};
        struct http_request request = get(x, "/hang");
        struct http_call *call = fetch_start(&x->f, &request, &r);
        assert_non_null(call);
        while (x->server->requests == 0)
                (void)uv_run(&x->f.loop, UV_RUN_NOWAIT);
        http_call_cancel(call);
        assert_int_equal(r.completions, 0);
        fetcher_run(&x->f);
        assert_cancelled(&r);
        fetched_free(&r);
}

static void cancel_other(struct fetched *r, const struct http_response *response)
{
        (void)response;
        if (r->other)
                http_call_cancel(r->other);
}

// Both have finished; the completion of the first cancels the second.
static void test_cancel_what_has_finished(void **state)
{
        struct fixture *x = *state;
        struct fetched r[2] = {{.then = cancel_other}, {.then = NULL}};
        struct http_request request = get(x, "/well");
        struct http_call *first = fetch_start(&x->f, &request, &r[0]);
        struct http_call *second = fetch_start(&x->f, &request, &r[1]);
        assert_non_null(first);
        assert_non_null(second);
        r[0].other = second;
        http_call_cancel(first);
        http_call_cancel(second);
        fetcher_run(&x->f);
        assert_cancelled(&r[0]);
        assert_cancelled(&r[1]);
}

static void start_another(struct fetched *r, const struct http_response *response)
{
        struct http_request request = {.method = "GET", .url = (const char *)r->other};
        struct fetched *next = r + 1;
        (void)response;
        next->then = NULL;
        assert_non_null(fetch_start(r->fetcher, &request, next));
        assert_int_equal(next->completions, 0);
}

static void test_start_within_a_completion(void **state)
{
        struct fixture *x = *state;
        struct fetched r[2] = {{.then = start_another}};
        struct http_request request = get(x, "/well");
        assert_non_null(fetch_start(&x->f, &request, &r[0]));
        r[0].other = (struct http_call *)x->url;
        fetcher_run(&x->f);
        assert_status(&r[0], 200);
        assert_status(&r[1], 200);
        assert_int_equal(x->server->connections, 1);
        fetched_free(&r[0]);
        fetched_free(&r[1]);
}

static void close_client(struct fetched *r, const struct http_response *response)
{
        (void)response;
        http_client_close(r->fetcher->client, fetcher_closed, r->fetcher);
}

static void test_close_within_a_completion(void **state)
{
        struct fixture *x = *state;
        struct fetched r[2] = {{.then = close_client}, {.then = NULL}};
        struct http_request request = get(x, "/well");
        assert_non_null(fetch_start(&x->f, &request, &r[0]));
        request = get(x, "/hang");
        assert_non_null(fetch_start(&x->f, &request, &r[1]));
        fetcher_run(&x->f);
        assert_status(&r[0], 200);
        assert_cancelled(&r[1]);
        fetched_free(&r[0]);
}

static void test_close_with_calls_under_way(void **state)
{
        enum { MANY = 5 };
        struct fixture *x = *state;
        struct fetched r[MANY];
        struct fetched late = {0};
        struct http_request request = get(x, "/hang");
        for (unsigned i = 0; i < MANY; i++) {
                r[i].then = NULL;
                assert_non_null(fetch_start(&x->f, &request, &r[i]));
        }
        while (x->server->requests < MANY)
                (void)uv_run(&x->f.loop, UV_RUN_NOWAIT);
        http_client_close(x->f.client, fetcher_closed, &x->f);
        assert_int_equal(r[0].completions, 0);
        assert_int_equal(x->f.closed, 0);
        assert_null(fetch_start(&x->f, &request, &late)); // the door is shut
        assert_error(&late, ERROR_CANCELLED, "shutting down");
        fetcher_run(&x->f);
        for (unsigned i = 0; i < MANY; i++)
                assert_cancelled(&r[i]);
        assert_int_equal(late.completions, 0);
        assert_int_equal(x->f.closed, 1);
}

static void test_close_unused(void **state)
{
        struct fetcher f;
        (void)state;
        fetcher_open(&f, NULL);
        http_client_close(f.client, NULL, NULL);
        fetcher_run(&f);
        assert_int_equal(uv_loop_close(&f.loop), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(test_cancel_at_once),
            TEST(test_cancel_while_it_waits),
            TEST(test_cancel_what_has_finished),
            TEST(test_start_within_a_completion),
            TEST(test_close_within_a_completion),
            TEST(test_close_with_calls_under_way),
            cmocka_unit_test(test_close_unused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
