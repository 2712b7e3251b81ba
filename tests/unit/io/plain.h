// SPDX-License-Identifier: Apache-2.0
// A client, and a server without TLS that it is given the address of.
#ifndef TESTS_UNIT_IO_PLAIN_H
#define TESTS_UNIT_IO_PLAIN_H

#include "tests/unit/io/fetch.h"
#include "tests/unit/io/server.h"

struct fixture {
        struct fetcher f;
        struct server *server;
        char url[256];
};

static inline int set_up(void **state)
{
        struct fixture *x = calloc(1, sizeof(*x));
        assert_non_null(x);
        fetcher_open(&x->f, NULL);
        x->server = server_start(NULL, false);
        *state = x;
        return 0;
}

static inline int tear_down(void **state)
{
        struct fixture *x = *state;
        fetcher_close(&x->f);
        server_stop(x->server);
        free(x);
        return 0;
}

// A GET with a short total time; change what the test is about.
static inline struct http_request get(struct fixture *x, const char *path)
{
        (void)snprintf(x->url, sizeof(x->url), "http://127.0.0.1:%u%s", x->server->port, path);
        return (struct http_request){.method = "GET", .url = x->url, .total_timeout_ms = 20000};
}

static inline void fetch_path(struct fixture *x, const char *path, struct fetched *ret)
{
        struct http_request request = get(x, path);
        fetch(&x->f, &request, ret);
        fetched_free(ret);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
