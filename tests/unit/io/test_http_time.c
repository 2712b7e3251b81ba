// SPDX-License-Identifier: Apache-2.0
// What takes too long, over plain connections.
#include "sidecar/io/http_client.h"
#include "tests/unit/io/plain.h"

// How the call ends when only its total time ends it. A machine that is busy elsewhere may need more than the first
// limits to come as far as the text says.
static void fetch_until_timed_out(struct fixture *x, const char *path, const char *text)
{
        struct fetched r = {0};
        bool is_as_reported = false;
        for (int64_t ms = 60; ms < 10000 && !is_as_reported; ms *= 5) {
                char whole[128];
                struct http_request request = get(x, path);
                request.total_timeout_ms = ms;
                fetch(&x->f, &request, &r);
                fetched_free(&r);
                assert_error(&r, ERROR_TRANSIENT, "within");
                assert_true(r.error.timed_out);
                (void)snprintf(whole, sizeof(whole), "%s within %lld ms", text, (long long)ms);
                is_as_reported = strstr(r.error.message, whole) != NULL;
        }
        if (!is_as_reported)
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
                bool is_as_reported = false;
                for (int64_t ms = 60; ms < 10000 && !is_as_reported; ms *= 5) {
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
                        is_as_reported = strstr(r.error.message, text) != NULL;
                }
                assert_true(is_as_reported);
        }
        full_listener_close(&full);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(test_no_answer),
            TEST(test_slow_answer),
            TEST(test_time_outs_are_of_one_call),
            TEST(test_no_connection),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
