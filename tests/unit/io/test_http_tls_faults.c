// SPDX-License-Identifier: Apache-2.0
// Connections with TLS that come to nothing, and calls that end while the bundle is being read.
#include "sidecar/io/http_client.h"

#include <semaphore.h>

#include "tests/unit/io/tls.h"

static void test_cut_off(void **state)
{
        // The last one has no length, so that without TLS's own end (close_notify) nobody knows whether it is whole.
        static const char *const paths[] = {"/half", "/half-chunked", "/half-head", "/nothing", "/no-length"};
        const struct world *w = *state;
        struct fixture x;
        open_fixture(&x, w, w->good, NULL);
        for (size_t i = 0; i < LENGTH(paths); i++) {
                struct fetched r;
                fetch_with(&x, paths[i], w->good_file, &r);
                assert_error(&r, ERROR_TRANSIENT, "the connection was closed before the answer was whole");
        }
        close_fixture(&x);
}

// Whose end TLS vouches for, or nobody need know of.
static void test_whole_without_length(void **state)
{
        static const struct {
                const char *method, *path;
                int status;
        } rows[] = {{"GET", "/shut", 200}, {"GET", "/empty", 204}, {"HEAD", "/no-length", 200}};
        const struct world *w = *state;
        struct fixture x;
        open_fixture(&x, w, w->good, NULL);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fetched r;
                struct http_request request = get(&x, "127.0.0.1", rows[i].path, w->good_file);
                request.method = rows[i].method;
                fetch(&x.f, &request, &r);
                assert_status(&r, rows[i].status);
                assert_slice(buffer_slice(&r.body), i == 0 ? "half" : "");
                fetched_free(&r);
        }
        close_fixture(&x);
}

static void test_no_tls_there(void **state)
{
        const struct world *w = *state;
        struct fixture x;
        struct fetched r;
        open_fixture(&x, w, NULL, NULL);
        fetch_with(&x, "/", w->good_file, &r);
        assert_error(&r, ERROR_TRANSIENT, "wrong version number");
        assert_error(&r, ERROR_TRANSIENT, "TLS with 127.0.0.1:");
        assert_non_null(strstr(r.error.hint, "is that an HTTPS port"));
        assert_int_equal(x.server->requests, 0);
        close_fixture(&x);
}

// The server accepts, and is silent. A machine that is busy elsewhere may need more than the first limits to come as
// far as that.
static void test_no_greeting(void **state)
{
        const struct world *w = *state;
        for (unsigned by_total = 0; by_total < 2; by_total++) {
                bool is_as_reported = false;
                for (int64_t ms = 60; ms < 10000 && !is_as_reported; ms *= 5) {
                        struct fixture x = {.world = w};
                        struct fetched r;
                        x.server = server_start(NULL, true);
                        fetcher_open(&x.f, NULL);
                        struct http_request request = get(&x, "127.0.0.1", "/", w->good_file);
                        request.connect_timeout_ms = by_total ? 20000 : ms;
                        request.total_timeout_ms = by_total ? ms : 20000;
                        fetch(&x.f, &request, &r);
                        assert_error(&r, ERROR_TRANSIENT, "within");
                        assert_true(r.error.timed_out);
                        is_as_reported = strstr(r.error.message, "TLS with 127.0.0.1:") != NULL;
                        close_fixture(&x);
                }
                assert_true(is_as_reported);
        }
}

// Keeps all threads of the pool busy until it is told.
struct blockers {
        uv_work_t work[64];
        sem_t go;
};

static void block(uv_work_t *work)
{
        struct blockers *b = work->data;
        while (sem_wait(&b->go) != 0)
                ;
}

static void blockers_start(struct blockers *b, uv_loop_t *loop)
{
        assert_int_equal(sem_init(&b->go, 0, 0), 0);
        for (size_t i = 0; i < 64; i++) {
                b->work[i].data = b;
                assert_int_equal(uv_queue_work(loop, &b->work[i], block, NULL), 0);
        }
}

static void blockers_end(struct blockers *b)
{
        for (size_t i = 0; i < 64; i++)
                assert_int_equal(sem_post(&b->go), 0);
}

static void test_bundle_takes_too_long(void **state)
{
        const struct world *w = *state;
        struct fixture x;
        struct fetched r = {0};
        struct blockers *b = calloc(1, sizeof(*b));
        assert_non_null(b);
        open_fixture(&x, w, w->good, NULL);
        blockers_start(b, &x.f.loop);
        struct http_request request = get(&x, "127.0.0.1", "/", w->good_file);
        request.total_timeout_ms = 50;
        assert_non_null(fetch_start(&x.f, &request, &r));
        while (r.completions == 0)
                (void)uv_run(&x.f.loop, UV_RUN_ONCE);
        assert_error(&r, ERROR_TRANSIENT, "its CA bundle was not read within 50 ms");
        assert_true(r.error.timed_out);
        blockers_end(b);
        fetcher_run(&x.f);
        assert_int_equal(r.completions, 1);
        fetch_with(&x, "/", w->good_file, &r); // it was read after all
        assert_status(&r, 200);
        close_fixture(&x);
        assert_int_equal(sem_destroy(&b->go), 0);
        free(b);
}

static void test_cancel_and_close_while_reading(void **state)
{
        const struct world *w = *state;
        for (unsigned closes = 0; closes < 2; closes++) {
                struct fixture x;
                struct fetched r[2] = {{.then = NULL}, {.then = NULL}};
                struct blockers *b = calloc(1, sizeof(*b));
                assert_non_null(b);
                open_fixture(&x, w, w->good, NULL);
                blockers_start(b, &x.f.loop);
                struct http_request request = get(&x, "127.0.0.1", "/", w->good_file);
                struct http_call *first = fetch_start(&x.f, &request, &r[0]);
                assert_non_null(first);
                assert_non_null(fetch_start(&x.f, &request, &r[1]));
                if (closes)
                        http_client_close(x.f.client, fetcher_closed, &x.f);
                else
                        http_call_cancel(first);
                while (r[0].completions == 0)
                        (void)uv_run(&x.f.loop, UV_RUN_ONCE);
                assert_error(&r[0], ERROR_CANCELLED, "cancelled");
                blockers_end(b);
                fetcher_run(&x.f);
                assert_int_equal(r[0].completions, 1);
                assert_int_equal(r[1].completions, 1);
                assert_int_equal(r[1].status, closes ? 0 : 200);
                fetched_free(&r[1]);
                close_fixture(&x);
                assert_int_equal(sem_destroy(&b->go), 0);
                free(b);
        }
}

int main(void)
{
        struct world *w = world_make();
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_prestate(test_cut_off, w),
            cmocka_unit_test_prestate(test_whole_without_length, w),
            cmocka_unit_test_prestate(test_no_tls_there, w),
            cmocka_unit_test_prestate(test_no_greeting, w),
            cmocka_unit_test_prestate(test_bundle_takes_too_long, w),
            cmocka_unit_test_prestate(test_cancel_and_close_while_reading, w),
        };
        int failures = cmocka_run_group_tests(tests, NULL, NULL);
        world_free(w);
        return failures;
}
