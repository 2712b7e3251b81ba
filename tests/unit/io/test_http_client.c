// SPDX-License-Identifier: Apache-2.0
// What is sent, what comes back, and which connections are used, over plain ones. TLS has a test of its own.
#include "sidecar/io/http_client.h"

#include "tests/unit/io/plain.h"

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
            {"/half", ERROR_TRANSIENT, "the connection was closed before the answer was whole"},
            {"/half-chunked", ERROR_TRANSIENT, "the connection was closed before the answer was whole"},
            {"/half-head", ERROR_TRANSIENT, "the connection was closed before the answer was whole"},
            {"/nothing", ERROR_TRANSIENT, "the connection was closed before the answer was whole"},
            {"/garbage", ERROR_PROTOCOL, "not HTTP/1.1"},
            {"/large", ERROR_PROTOCOL, "larger than 1048576 bytes"},
            {"/large-chunked", ERROR_PROTOCOL, "larger than 1048576 bytes"},
            {"/large-head", ERROR_PROTOCOL, "the head of the answer is larger than 65536 bytes or 128 lines"},
            {"/large-line", ERROR_PROTOCOL, "the head of the answer is larger than 65536 bytes or 128 lines"},
            {"/many-lines", ERROR_PROTOCOL, "the head of the answer is larger than 65536 bytes or 128 lines"},
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
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
