// SPDX-License-Identifier: Apache-2.0
// Requests by way of a proxy that the environment's snapshot names. A proxy that works, with TLS inside, is in the
// end-to-end tests.
#include "sidecar/io/http_client.h"

#include "tests/unit/io/fetch.h"
#include "tests/unit/io/server.h"

struct fixture {
        struct fetcher f;
        struct server *server;
        char entry[128], exempt[64], url[256];
        char *environment[3];
};

// A server as the proxy that `variable` names.
static void open_with(struct fixture *x, const char *variable, const char *exempt, bool is_silent)
{
        x->server = server_start(NULL, is_silent);
        (void)snprintf(x->entry, sizeof(x->entry), "%s=http://person:pass-word@127.0.0.1:%u", variable,
                       x->server->port);
        (void)snprintf(x->exempt, sizeof(x->exempt), "NO_PROXY=%s", exempt);
        x->environment[0] = x->entry;
        x->environment[1] = x->exempt;
        x->environment[2] = NULL;
        fetcher_open(&x->f, x->environment);
}

static void close_all(struct fixture *x)
{
        fetcher_close(&x->f);
        server_stop(x->server);
}

static void fetch_url(struct fixture *x, const char *url, struct fetched *ret)
{
        struct http_request request = {.method = "GET", .url = url, .total_timeout_ms = 20000};
        fetch(&x->f, &request, ret);
        assert_null(strstr(ret->error.message, "pass-word"));
        assert_null(strstr(ret->error.hint, "pass-word"));
        fetched_free(ret);
}

static void test_used_but_not_for_loopback(void **state)
{
        struct fixture x;
        struct fetched r;
        (void)state;
        open_with(&x, "http_proxy", "exempt.test", false);
        (void)snprintf(x.url, sizeof(x.url), "http://127.0.0.1:%u/direct", x.server->port);
        struct http_request request = {.method = "GET", .url = x.url};
        fetch(&x.f, &request, &r);
        assert_true(slice_starts_with(buffer_slice(&r.body), SLICE("GET /direct ")));
        fetched_free(&r);
        request.url = "http://upstream.test/by-proxy";
        fetch(&x.f, &request, &r);
        assert_true(slice_starts_with(buffer_slice(&r.body), SLICE("GET http://upstream.test/by-proxy ")));
        fetched_free(&r);
        close_all(&x);
}

// The process's own environment does not count: it may have changed since the snapshot, and libcurl reads it.
static void test_only_the_snapshot_counts(void **state)
{
        struct fixture x;
        struct fetched r;
        (void)state;
        assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1) | setenv("no_proxy", "upstream.test", 1), 0);
        open_with(&x, "all_proxy", "", false);
        fetch_url(&x, "http://upstream.test/", &r);
        assert_status(&r, 200);
        close_all(&x);
        assert_int_equal(unsetenv("http_proxy") | unsetenv("no_proxy"), 0);
}

// A name that libcurl itself refuses to ask DNS for (RFC 7686), so that no packet leaves.
static void test_exempt_host(void **state)
{
        struct fixture x;
        struct fetched r;
        (void)state;
        open_with(&x, "HTTPS_PROXY", "onion", false);
        fetch_url(&x, "https://sts.onion/", &r);
        assert_error(&r, ERROR_TRANSIENT, "resolve sts.onion: the name is not known");
        assert_non_null(strstr(r.error.hint, "NO_PROXY exempts this host from HTTPS_PROXY"));
        assert_int_equal(x.server->requests, 0);
        close_all(&x);
}

static void test_not_there(void **state)
{
        struct fixture x;
        struct fetched r;
        char text[128];
        uint16_t port = 0;
        int fd = server_bind(&port); // bound, but not listening
        (void)state;
        open_with(&x, "HTTPS_PROXY", "", false);
        (void)snprintf(x.entry, sizeof(x.entry), "HTTPS_PROXY=http://person:pass-word@127.0.0.1:%u", port);
        fetch_url(&x, "https://upstream.test/", &r);
        (void)snprintf(text, sizeof(text), "connect to the proxy 127.0.0.1:%u for upstream.test:443: refused", port);
        assert_error(&r, ERROR_TRANSIENT, text);
        (void)snprintf(text, sizeof(text), "HTTPS_PROXY=127.0.0.1:%u is in force", port);
        assert_non_null(strstr(r.error.hint, text));
        (void)snprintf(x.entry, sizeof(x.entry), "HTTPS_PROXY=http://person:pass-word@proxy.onion:3128");
        fetch_url(&x, "https://upstream.test/", &r);
        assert_error(&r, ERROR_TRANSIENT, "resolve the proxy proxy.onion:3128 for upstream.test:443");
        close_all(&x);
        (void)close(fd);
}

static void test_refusals(void **state)
{
        static const struct {
                const char *url, *message, *hint;
                enum error_kind kind;
        } rows[] = {
            {"https://upstream.test/", " for upstream.test:443: refused with HTTP 403 (forbidden)", "NO_PROXY",
             ERROR_CONFIG},
            {"https://who.test:8443/", " for who.test:8443: refused with HTTP 407 (user name and password required)",
             "correct the user name and the password in https_proxy", ERROR_CONFIG},
            {"https://away.test/", " for away.test:443: refused with HTTP 503", "NO_PROXY", ERROR_TRANSIENT},
            {"https://gone.test/", " for gone.test:443: the connection was closed before the answer was whole",
             "is in force", ERROR_TRANSIENT},
        };
        struct fixture x;
        struct fetched r;
        (void)state;
        open_with(&x, "https_proxy", "", false);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                fetch_url(&x, rows[i].url, &r);
                assert_error(&r, rows[i].kind, rows[i].message);
                assert_non_null(strstr(r.error.message, "tunnel through the proxy 127.0.0.1:"));
                if (!strstr(r.error.hint, rows[i].hint))
                        fail_msg("%s: %s", rows[i].url, r.error.hint);
        }
        (void)snprintf(x.entry, sizeof(x.entry), "https_proxy=127.0.0.1:%u", x.server->port);
        fetch_url(&x, "https://who.test/", &r);
        assert_error(&r, ERROR_CONFIG, "refused with HTTP 407");
        assert_non_null(strstr(r.error.hint, "put them into https_proxy, as http://user:password@host:port"));
        close_all(&x);
}

static void test_no_answer(void **state)
{
        struct fixture x;
        struct fetched r;
        (void)state;
        open_with(&x, "https_proxy", "", false);
        struct http_request request = {
            .method = "GET", .url = "https://hang.test/", .connect_timeout_ms = 40, .total_timeout_ms = 20000};
        fetch(&x.f, &request, &r);
        assert_error(&r, ERROR_TRANSIENT, " for hang.test:443: no answer within 40 ms");
        assert_true(r.error.timed_out);
        fetched_free(&r);
        close_all(&x);
        open_with(&x, "https_proxy", "", true);
        request.connect_timeout_ms = 20000;
        request.total_timeout_ms = 50;
        fetch(&x.f, &request, &r);
        assert_error(&r, ERROR_TRANSIENT, " for hang.test:443: no answer within 50 ms");
        fetched_free(&r);
        close_all(&x);
}

static void test_of_no_known_form(void **state)
{
        struct fixture x;
        struct error e;
        struct fetched r = {.completions = 0};
        (void)state;
        open_with(&x, "https_proxy", "", false);
        (void)snprintf(x.entry, sizeof(x.entry), "https_proxy=gopher://person:pass-word@127.0.0.1:1");
        const struct http_request request = {.method = "GET", .url = "https://upstream.test/"};
        assert_null(http_client_start(x.f.client, &request, fetch_done, &r, &e));
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.message, "environment: https_proxy: found another form"));
        assert_null(strstr(e.message, "pass-word"));
        close_all(&x);
        assert_int_equal(r.completions, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_used_but_not_for_loopback),
            cmocka_unit_test(test_only_the_snapshot_counts),
            cmocka_unit_test(test_exempt_host),
            cmocka_unit_test(test_not_there),
            cmocka_unit_test(test_refusals),
            cmocka_unit_test(test_no_answer),
            cmocka_unit_test(test_of_no_known_form),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
