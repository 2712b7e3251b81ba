// SPDX-License-Identifier: Apache-2.0
// Over plain connections; TLS has a test of its own.
#include "sidecar/io/http_client.h"

#include "proto/wire/limits.h"
#include "tests/unit/io/fetch.h"
#include "tests/unit/io/server.h"

struct fixture {
        struct fetcher f;
        struct server *server;
        char url[256];
};

static int set_up(void **state)
{
        struct fixture *x = calloc(1, sizeof(*x));
        assert_non_null(x);
        fetcher_open(&x->f, NULL);
        x->server = server_start(NULL, false);
        *state = x;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *x = *state;
        fetcher_close(&x->f);
        server_stop(x->server);
        free(x);
        return 0;
}

// A GET with a short total time; change what the test is about.
static struct http_request get(struct fixture *x, const char *path)
{
        (void)snprintf(x->url, sizeof(x->url), "http://127.0.0.1:%u%s", x->server->port, path);
        return (struct http_request){.method = "GET", .url = x->url, .total_timeout_ms = 20000};
}

static void fetch_path(struct fixture *x, const char *path, struct fetched *ret)
{
        struct http_request request = get(x, path);
        fetch(&x->f, &request, ret);
        fetched_free(ret);
}

// --- what is sent ---

static void test_request_as_given(void **state)
{
        static const struct http_field fields[] = {{SLICE_INIT("Authorization"), SLICE_INIT("AWS4 x, y")},
                                                   {SLICE_INIT("x-empty"), SLICE_INIT("")},
                                                   {SLICE_INIT("Content-Type"), SLICE_INIT("text/x")}};
        struct fixture *x = *state;
        struct fetched r;
        char want[512];
        struct http_request request = get(x, "/a/../b//%2F?q=%41&&r=1;");
        request.method = "POST";
        request.body = SLICE("a=b\0c");
        request.fields = fields;
        request.fields_count = 3;
        fetch(&x->f, &request, &r);
        assert_status(&r, 200);
        (void)snprintf(want, sizeof(want),
                       "POST /a/../b//%%2F?q=%%41&&r=1; HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: keyfob/test\r\n"
                       "Authorization: AWS4 x, y\r\nx-empty:\r\nContent-Type: text/x\r\nContent-Length: 5\r\n\r\n",
                       x->server->port);
        assert_int_equal(buffer_put_byte(&r.body, 0), 0);
        assert_true(slice_starts_with(buffer_slice(&r.body), slice_str(want)));
        assert_true(slice_ends_with(buffer_slice(&r.body), SLICE("\r\n\r\na=b\0c\0")));
        fetched_free(&r);
}

static void test_methods(void **state)
{
        static const struct {
                const char *method, *body, *line;
        } rows[] = {{"GET", "", "User-Agent: keyfob/test\r\n\r\n"},
                    {"DELETE", "", "User-Agent: keyfob/test\r\n\r\n"},
                    {"PUT", "", "User-Agent: keyfob/test\r\nContent-Length: 0\r\n\r\n"},
                    {"POST", "", "User-Agent: keyfob/test\r\nContent-Length: 0\r\n\r\n"},
                    {"PUT", "abc", "User-Agent: keyfob/test\r\nContent-Length: 3\r\n\r\nabc"},
                    {"PATCH", "abc", "User-Agent: keyfob/test\r\nContent-Length: 3\r\n\r\nabc"},
                    {"GET", "abc", "User-Agent: keyfob/test\r\nContent-Length: 3\r\n\r\nabc"}};
        struct fixture *x = *state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fetched r;
                struct http_request request = get(x, "/");
                request.method = rows[i].method;
                request.body = slice_str(rows[i].body);
                fetch(&x->f, &request, &r);
                assert_status(&r, 200);
                assert_true(slice_starts_with(buffer_slice(&r.body), slice_str(rows[i].method)));
                if (!slice_ends_with(buffer_slice(&r.body), slice_str(rows[i].line)))
                        fail_msg("%s: %.*s", rows[i].method, (int)r.body.n, (const char *)r.body.p);
                fetched_free(&r);
        }
        struct fetched r;
        struct http_request request = get(x, "/");
        request.method = "HEAD";
        fetch(&x->f, &request, &r);
        assert_status(&r, 200);
        assert_int_equal(r.body.n, 0);
        fetched_free(&r);
}

static void test_everything_is_copied(void **state)
{
        struct fixture *x = *state;
        struct fetched r = {0};
        char name[] = "X-Name";
        char value[] = "value";
        char body[] = "body";
        char method[] = "POST";
        struct http_field field = {slice_str(name), slice_str(value)};
        struct http_request request = get(x, "/copied");
        request.method = method;
        request.fields = &field;
        request.fields_count = 1;
        request.body = slice_str(body);
        assert_non_null(fetch_start(&x->f, &request, &r));
        memset(name, '#', sizeof(name) - 1);
        memset(value, '#', sizeof(value) - 1);
        memset(body, '#', sizeof(body) - 1);
        memset(method, '#', sizeof(method) - 1);
        memset(x->url, '#', sizeof(x->url) - 1);
        memset(&request, '#', sizeof(request));
        fetcher_run(&x->f);
        assert_status(&r, 200);
        assert_true(slice_starts_with(buffer_slice(&r.body), SLICE("POST /copied ")));
        assert_true(slice_ends_with(buffer_slice(&r.body), SLICE("X-Name: value\r\nContent-Length: 4\r\n\r\nbody")));
        fetched_free(&r);
}

// libcurl would ask for leave first ("Expect: 100-continue"), and wait for it.
static void test_large_request(void **state)
{
        struct fixture *x = *state;
        struct fetched r;
        uint8_t *body = calloc(1, 1536u * 1024);
        struct http_request request = get(x, "/empty");
        request.method = "POST";
        request.body = slice_of(body, 1536u * 1024);
        fetch(&x->f, &request, &r);
        assert_status(&r, 204);
        fetched_free(&r);
        request = get(x, "/");
        request.method = "POST";
        request.body = slice_of(body, 1024u * 1024 - 512); // comes back with its head and just fits
        fetch(&x->f, &request, &r);
        assert_status(&r, 200);
        assert_null(memmem(r.body.p, 1024, "Expect", 6));
        free(body);
        fetched_free(&r);
}

static void test_what_cannot_start(void **state)
{
        static const struct http_field two_lines = {SLICE_INIT("x"), SLICE_INIT("a\r\nEvil: 1")};
        static const struct http_field nul = {SLICE_INIT("x"), SLICE_INIT("a\0b")};
        static const struct http_field no_name = {SLICE_INIT(""), SLICE_INIT("a")};
        static const struct {
                const char *method, *url, *text;
                const struct http_field *field;
        } rows[] = {
            {"GET", "", "not valid", NULL},
            {"GET", "http://", "not valid", NULL},
            {"GET", "http://host:port/", "not valid", NULL},
            {"GET", "ftp://127.0.0.1/", "neither http:// nor https://", NULL},
            {"GET", "file:///etc/passwd", "neither http:// nor https://", NULL},
            {"GET", "http://user:secret@127.0.0.1/", "holds a user name", NULL},
            {"", "http://127.0.0.1/", "not an HTTP method", NULL},
            {"GET /\r\n", "http://127.0.0.1/", "not an HTTP method", NULL},
            {"GET", "http://127.0.0.1/", "line end", &two_lines},
            {"GET", "http://127.0.0.1/", "line end", &nul},
            {"GET", "http://127.0.0.1/", "line end", &no_name},
        };
        struct fixture *x = *state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fetched r = {0};
                struct http_request request = {.method = rows[i].method,
                                               .url = rows[i].url,
                                               .fields = rows[i].field,
                                               .fields_count = rows[i].field ? 1 : 0};
                assert_null(fetch_start(&x->f, &request, &r));
                assert_error(&r, ERROR_CONFIG, rows[i].text);
                assert_null(strstr(r.error.message, "secret"));
                fetcher_run(&x->f);
                assert_int_equal(r.completions, 0);
                fetched_free(&r);
        }
}

// --- what comes back ---

static void check_fields(struct fetched *r, const struct http_response *response)
{
        assert_slice(http_response_field(response, SLICE("date")), "now");
        assert_slice(http_response_field(response, SLICE("x-mixed")), "A:b");
        assert_int_equal(http_response_field(response, SLICE("x-empty")).n, 0);
        assert_null(http_response_field(response, SLICE("x-none")).p);
        assert_int_equal(response->fields_count, 4);
        assert_true(response->boot_ms > 0 && response->boot_ms <= clock_boot_ms(&r->fetcher->clock));
}

static void check_late_fields(struct fetched *r, const struct http_response *response)
{
        (void)r;
        assert_slice(http_response_field(response, SLICE("x-late")), "1");
        assert_null(http_response_field(response, SLICE("x-early")).p);
}

static void test_fields(void **state)
{
        struct fixture *x = *state;
        struct fetched r = {.then = check_fields};
        struct http_request request = get(x, "/fields");
        assert_non_null(fetch_start(&x->f, &request, &r));
        fetcher_run(&x->f);
        assert_status(&r, 200);
        fetched_free(&r);
        r = (struct fetched){.then = check_late_fields};
        request = get(x, "/interim");
        assert_non_null(fetch_start(&x->f, &request, &r));
        fetcher_run(&x->f);
        assert_status(&r, 200);
        fetched_free(&r);
}

static void test_answers_that_are_no_errors(void **state)
{
        static const struct {
                const char *path;
                int status;
                const char *body;
        } rows[] = {
            {"/throttled", 503, "slow"}, {"/redirect", 302, ""}, {"/gzip", 200, "not gzip"}, {"/empty", 204, ""}};
        struct fixture *x = *state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fetched r;
                struct http_request request = get(x, rows[i].path);
                fetch(&x->f, &request, &r);
                assert_status(&r, rows[i].status);
                assert_true(slice_eq(buffer_slice(&r.body), slice_str(rows[i].body)));
                fetched_free(&r);
        }
        assert_int_equal(x->server->requests, 4); // the redirect was not followed
}

static void test_answers_that_are_errors(void **state)
{
        static const struct {
                const char *path;
                enum error_kind kind;
                const char *text;
        } rows[] = {
            {"/half", ERROR_TRANSIENT, "closed the connection before its answer was whole"},
            {"/half-chunked", ERROR_TRANSIENT, "closed the connection before its answer was whole"},
            {"/half-head", ERROR_TRANSIENT, "closed the connection before its answer was whole"},
            {"/nothing", ERROR_TRANSIENT, "closed the connection before its answer was whole"},
            {"/garbage", ERROR_PROTOCOL, "not HTTP/1.1"},
            {"/large", ERROR_PROTOCOL, "larger than 1048576 bytes"},
            {"/large-chunked", ERROR_PROTOCOL, "larger than 1048576 bytes"},
            {"/large-head", ERROR_PROTOCOL, "larger than 1048576 bytes, or its head than 65536"},
            {"/large-line", ERROR_PROTOCOL, "larger than 1048576 bytes, or its head than 65536"},
            {"/many-lines", ERROR_PROTOCOL, "larger than 1048576 bytes, or its head than 65536"},
        };
        struct fixture *x = *state;
        char authority[32];
        (void)snprintf(authority, sizeof(authority), "127.0.0.1:%u", x->server->port);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fetched r;
                fetch_path(x, rows[i].path, &r);
                assert_error(&r, rows[i].kind, rows[i].text);
                assert_error(&r, rows[i].kind, authority);
                assert_int_not_equal(r.error.hint[0], '\0');
                assert_false(r.error.timed_out);
                fetch_path(x, "/still-well", &r); // and the client goes on
                assert_status(&r, 200);
        }
}

// --- connections ---

static void test_connections_are_kept(void **state)
{
        struct fixture *x = *state;
        for (unsigned i = 0; i < 5; i++) {
                struct fetched r;
                fetch_path(x, "/again", &r);
                assert_status(&r, 200);
        }
        assert_int_equal(x->server->connections, 1);
        assert_int_equal(x->server->requests, 5);
}

// The server drops the kept connection without a word: the request goes out once more, on a new one.
static void test_connection_that_was_dropped(void **state)
{
        struct fixture *x = *state;
        for (unsigned i = 0; i < 3; i++) {
                struct fetched r;
                fetch_path(x, "/close-silently", &r);
                assert_status(&r, 200);
        }
        assert_int_equal(x->server->connections, 3);
}

static void test_many_at_once(void **state)
{
        enum { MANY = 40 };
        struct fixture *x = *state;
        struct fetched *r = calloc(MANY, sizeof(*r));
        for (unsigned i = 0; i < MANY; i++) {
                struct http_request request = get(x, i % 4 == 0 ? "/half" : "/well");
                assert_non_null(fetch_start(&x->f, &request, &r[i]));
        }
        fetcher_run(&x->f);
        for (unsigned i = 0; i < MANY; i++) {
                assert_int_equal(r[i].completions, 1);
                assert_int_equal(r[i].status, i % 4 == 0 ? 0 : 200);
                fetched_free(&r[i]);
        }
        free(r);
}

static void test_refused(void **state)
{
        struct fixture *x = *state;
        struct fetched r;
        char text[64];
        uint16_t port = 0;
        int fd = server_bind(&port); // bound, but not listening: nobody else can have the port
        struct http_request request = get(x, "/");
        (void)snprintf(x->url, sizeof(x->url), "http://127.0.0.1:%u/", port);
        (void)snprintf(text, sizeof(text), "connect to 127.0.0.1:%u: refused", port);
        fetch(&x->f, &request, &r);
        assert_error(&r, ERROR_TRANSIENT, text);
        assert_non_null(strstr(r.error.hint, "nothing listens there"));
        assert_null(strstr(r.error.hint, "proxy")); // none would be used for this host
        (void)close(fd);
        fetched_free(&r);
}

// A name that libcurl itself refuses to ask DNS for (RFC 7686), so that no packet leaves.
static void test_unknown_name(void **state)
{
        struct fixture *x = *state;
        struct fetched r;
        struct http_request request = get(x, "/");
        (void)snprintf(x->url, sizeof(x->url), "http://sts.onion/");
        fetch(&x->f, &request, &r);
        assert_error(&r, ERROR_TRANSIENT, "resolve sts.onion: the name is not known");
        assert_non_null(strstr(r.error.hint, "set HTTPS_PROXY (none is set)"));
        fetched_free(&r);
}

// --- time ---

// How the call ends when only its total time ends it. A machine that is busy elsewhere may need more than the first
// limits to come as far as the text says.
static void fetch_until_timed_out(struct fixture *x, const char *path, const char *text)
{
        struct fetched r = {0};
        bool is_as_told = false;
        for (int64_t ms = 60; ms < 10000 && !is_as_told; ms *= 5) {
                char whole[128];
                struct http_request request = get(x, path);
                request.total_timeout_ms = ms;
                fetch(&x->f, &request, &r);
                fetched_free(&r);
                assert_error(&r, ERROR_TRANSIENT, "within");
                assert_true(r.error.timed_out);
                (void)snprintf(whole, sizeof(whole), "%s within %lld ms", text, (long long)ms);
                is_as_told = strstr(r.error.message, whole) != NULL;
        }
        if (!is_as_told)
                fail_msg("%s", r.error.message);
}

static void test_no_answer(void **state)
{
        struct fixture *x = *state;
        struct fetched r;
        fetch_until_timed_out(x, "/hang", "sent, but no answer");
        fetch_path(x, "/well", &r);
        assert_status(&r, 200);
        fetch_until_timed_out(x, "/hang", "sent, but no answer"); // on a connection that was kept
}

static void test_slow_answer(void **state)
{
        fetch_until_timed_out(*state, "/drip", "the answer was not whole");
}

// The time of one call ends neither the others nor the client.
static void test_time_outs_are_of_one_call(void **state)
{
        enum { MANY = 6 };
        struct fixture *x = *state;
        struct fetched r[MANY];
        struct fetched well;
        for (unsigned i = 0; i < MANY; i++) {
                struct http_request request = get(x, "/hang");
                request.total_timeout_ms = 30 + 20 * (i % 3);
                r[i].then = NULL;
                assert_non_null(fetch_start(&x->f, &request, &r[i]));
        }
        fetch_path(x, "/well", &well);
        assert_status(&well, 200);
        for (unsigned i = 0; i < MANY; i++) {
                char text[64];
                (void)snprintf(text, sizeof(text), "within %u ms", 30 + 20 * (i % 3));
                assert_int_equal(r[i].completions, 1);
                assert_error(&r[i], ERROR_TRANSIENT, text);
        }
}

// A listener whose queue is full leaves further connections without an answer.
struct full_listener {
        int fd;
        uint16_t port;
        int fillers[4];
};

static void full_listener_open(struct full_listener *l)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        l->fd = server_bind(&l->port);
        address.sin_port = htons(l->port);
        assert_int_equal(listen(l->fd, 0), 0);
        for (size_t i = 0; i < 4; i++) {
                l->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                (void)connect(l->fillers[i], (struct sockaddr *)&address, sizeof(address));
        }
}

static void full_listener_close(struct full_listener *l)
{
        for (size_t i = 0; i < 4; i++)
                (void)close(l->fillers[i]);
        (void)close(l->fd);
}

static void test_no_connection(void **state)
{
        struct fixture *x = *state;
        struct full_listener full;
        full_listener_open(&full);
        for (unsigned by_total = 0; by_total < 2; by_total++) {
                bool is_as_told = false;
                for (int64_t ms = 60; ms < 10000 && !is_as_told; ms *= 5) {
                        struct fetched r;
                        char text[96];
                        struct http_request request = get(x, "/");
                        (void)snprintf(x->url, sizeof(x->url), "http://127.0.0.1:%u/", full.port);
                        (void)snprintf(text, sizeof(text), "connect to 127.0.0.1:%u: no answer within %lld ms",
                                       full.port, (long long)ms);
                        request.connect_timeout_ms = by_total ? 20000 : ms;
                        request.total_timeout_ms = by_total ? ms : 20000;
                        fetch(&x->f, &request, &r);
                        fetched_free(&r);
                        assert_error(&r, ERROR_TRANSIENT, "within");
                        assert_true(r.error.timed_out);
                        is_as_told = strstr(r.error.message, text) != NULL;
                }
                assert_true(is_as_told);
        }
        full_listener_close(&full);
}

// --- cancelling and closing ---

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

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(test_request_as_given),
            TEST(test_methods),
            TEST(test_everything_is_copied),
            TEST(test_large_request),
            TEST(test_what_cannot_start),
            TEST(test_fields),
            TEST(test_answers_that_are_no_errors),
            TEST(test_answers_that_are_errors),
            TEST(test_connections_are_kept),
            TEST(test_connection_that_was_dropped),
            TEST(test_many_at_once),
            TEST(test_refused),
            TEST(test_unknown_name),
            TEST(test_no_answer),
            TEST(test_slow_answer),
            TEST(test_time_outs_are_of_one_call),
            TEST(test_no_connection),
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
