// SPDX-License-Identifier: Apache-2.0
// Bytes in, answers out: framing, order, limits.
#include "tests/unit/server/fixture.h"

#define REQUESTS_MAX ((size_t)1024 * 1024)
#define GET_LIVEZ "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"

static void test_keep_alive(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        for (int i = 0; i < 5; i++) {
                assert_int_equal(client_get(&c, "/livez"), 200);
                assert_string_equal(client_body(&c), "{\"alive\":true}\n");
                assert_true(client_head_has(&c, "Content-Type: application/json\n"));
                assert_true(client_head_has(&c, "Cache-Control: no-store\n"));
                assert_false(client_head_has(&c, "Connection:"));
        }
        assert_int_equal(f.server->connections_count, 1);
        client_close(&c);
        TURN_UNTIL(&f, f.server->connections_count == 0);
        fixture_stop(&f);
}

static void test_versions_and_close(void **state)
{
        (void)state;
        static const struct {
                const char *request;
                const char *head; // NULL: no Connection header
                bool ends;
        } rows[] = {
            {"GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n", "Connection: close\n", true},
            {"GET /livez HTTP/1.0\r\n\r\n", "Connection: close\n", true},
            {"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive\n", false},
            {"GET http://any.host/livez HTTP/1.1\r\n\r\n", NULL, false},
        };
        struct fixture f;
        fixture_start(&f);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct client c = client_open(&f);
                assert_int_equal(client_ask(&c, rows[i].request), 200);
                assert_true(rows[i].head ? client_head_has(&c, rows[i].head) : !client_head_has(&c, "Connection"));
                if (rows[i].ends)
                        client_expect_end(&c);
                else
                        assert_int_equal(client_get(&c, "/livez"), 200);
                client_close(&c);
        }
        fixture_stop(&f);
}

static void answers_pipelined_requests_in_order(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        struct buffer requests;
        buffer_init(&requests, REQUESTS_MAX);
        for (int i = 0; i < 100; i++)
                (void)buffer_printf(&requests, "GET /%s HTTP/1.1\r\n\r\n",
                                    i % 3 == 0   ? "livez"
                                    : i % 3 == 1 ? "nowhere"
                                                 : "v1/profiles/a/credentials");
        client_send_bytes(&c, buffer_slice(&requests));
        for (int i = 0; i < 100; i++)
                assert_int_equal(client_answer(&c), i % 3 == 1 ? 404 : 200);
        buffer_free(&requests);
        stop(&f, &c);
}

// What comes behind a request that waits is answered after it, in order, however much it is.
static void test_pipelining_behind_a_wait(void **state)
{
        (void)state;
        enum { COUNT = 8000 };
        struct fixture f;
        struct client c;
        struct scripted *s = serve_profile(&f, &c);
        s->script = SCRIPT_HANG;
        client_send(&c, "GET /v1/profiles/a/credentials?wait=60 HTTP/1.1\r\nX-Kept: 1\r\n\r\n");
        TURN_UNTIL(&f, s->starts == 1);
        struct buffer requests;
        buffer_init(&requests, REQUESTS_MAX);
        for (int i = 0; i < COUNT; i++)
                (void)buffer_put_str(&requests, i % 2 ? "GET /no HTTP/1.1\r\n\r\n" : "GET /livez HTTP/1.1\r\n\r\n");
        assert_true(requests.n > 2 * READ_SIZE);
        struct slice rest = buffer_slice(&requests);
        for (int idle = 0; idle < 50; idle++) { // until neither side moves any more
                ssize_t n = send(c.fd, rest.p, rest.n, MSG_NOSIGNAL);
                if (n > 0) {
                        rest = slice_from(rest, (size_t)n);
                        idle = 0;
                }
                turn(&f);
        }
        assert_false(client_receive(&c));
        s->script = SCRIPT_GIVE;
        script_release(s);
        assert_int_equal(client_answer(&c), 200);
        ASSERT_BODY_HAS(&c, "\"AccessKeyId\"");
        for (int i = 0; i < COUNT; i++) {
                ssize_t n = rest.n > 0 ? send(c.fd, rest.p, rest.n, MSG_NOSIGNAL) : 0;
                rest = slice_from(rest, n > 0 ? (size_t)n : 0);
                assert_int_equal(client_answer(&c), i % 2 ? 404 : 200);
        }
        buffer_free(&requests);
        stop(&f, &c);
}

static void accepts_bodies_with_a_length_and_in_chunks(void **state)
{
        (void)state;
        static const char order[] =
            "{\"method\":\"GET\",\"url\":\"https://sts.us-east-1.amazonaws.com/\",\"headers\":{}}";
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);

        struct buffer request;
        buffer_init(&request, 65536);
        (void)buffer_put_str(&request, "POST /v1/profiles/a/sign HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (size_t i = 0; i < strlen(order); i += 5)
                (void)buffer_printf(&request, "%zx\r\n%.5s\r\n", strlen(order + i) < 5 ? strlen(order + i) : (size_t)5,
                                    order + i);
        (void)buffer_put_str(&request, "0\r\n\r\n");
        client_send_bytes(&c, buffer_slice(&request));
        assert_int_equal(client_answer(&c), 200);
        ASSERT_BODY_HAS(&c, "AWS4-HMAC-SHA256 Credential=");

        // Drip-fed: a byte at a time, each read for itself.
        buffer_reset(&request);
        (void)buffer_printf(&request, "POST /v1/profiles/a/sign HTTP/1.1\r\nContent-Length: %zu\r\n\r\n%s",
                            strlen(order), order);
        for (size_t i = 0; i < request.n; i++) {
                client_send_bytes(&c, slice_of(request.p + i, 1));
                turn(&f);
                turn(&f);
        }
        assert_int_equal(client_answer(&c), 200);
        ASSERT_BODY_HAS(&c, "AWS4-HMAC-SHA256 Credential=");

        // Expect: told to go on when the body is not there yet, and not when it is.
        char head[256];
        snprintf(head, sizeof(head),
                 "POST /v1/profiles/a/sign HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %zu\r\n\r\n",
                 strlen(order));
        assert_int_equal(client_ask(&c, head), 100);
        assert_int_equal(client_ask(&c, order), 200);
        buffer_reset(&request);
        (void)buffer_put_str(&request, head);
        (void)buffer_put_str(&request, order);
        client_send_bytes(&c, buffer_slice(&request));
        assert_int_equal(client_answer(&c), 200);

        buffer_free(&request);
        stop(&f, &c);
}

static void put_repeated(struct buffer *b, const char *before, size_t n, const char *after)
{
        (void)buffer_put_str(b, before);
        for (size_t i = 0; i < n; i++)
                (void)buffer_put_byte(b, 'x');
        (void)buffer_put_str(b, after);
}

// Each ends the connection after its answer, which arrives although the peer was still sending.
static void test_refused_input(void **state)
{
        (void)state;
        static const struct {
                const char *before;
                size_t filler;
                const char *after;
                int status;
                const char *code;
        } rows[] = {
            {"\x16\x03\x01 hello", 0, "", 400, "invalid_request"},
            {"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 0, "", 400, "invalid_request"},
            {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 0, "0\r\n\r\n", 400,
             "invalid_request"},
            {"GET / HTTP/1.1\r\nA: ", 100000, "\r\n\r\n", 431, "headers_too_large"},
            {"POST /v1/profiles/a/sign HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", 1048577, "", 413,
             "body_too_large"},
            {"POST /v1/profiles/a/sign HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n", 0x200000,
             "\r\n0\r\n\r\n", 413, "body_too_large"},
        };
        struct fixture f;
        fixture_start(&f);
        fixture_add(&f, "a", true);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct client c = client_open(&f);
                struct buffer b;
                buffer_init(&b, ANSWER_MAX);
                put_repeated(&b, rows[i].before, rows[i].filler, rows[i].after);
                client_send_bytes(&c, buffer_slice(&b));
                client_answer(&c);
                expect_problem(&c, rows[i].status, rows[i].code);
                assert_true(client_head_has(&c, "Connection: close\n"));
                client_expect_end(&c);
                buffer_free(&b);
                client_close(&c);
        }
        TURN_UNTIL(&f, f.server->connections_count == 0);
        fixture_stop(&f);
}

static void test_long_target(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve(&f, &c);
        struct buffer b;
        buffer_init(&b, ANSWER_MAX);
        put_repeated(&b, "GET /", LIMIT_HTTP_TARGET, " HTTP/1.1\r\n\r\n");
        client_send_bytes(&c, buffer_slice(&b));
        client_answer(&c);
        expect_problem(&c, 400, "invalid_url");
        assert_int_equal(client_get(&c, "/livez"), 200); // the framing was good
        buffer_free(&b);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_keep_alive),
            cmocka_unit_test(test_versions_and_close),
            cmocka_unit_test(answers_pipelined_requests_in_order),
            cmocka_unit_test(test_pipelining_behind_a_wait),
            cmocka_unit_test(accepts_bodies_with_a_length_and_in_chunks),
            cmocka_unit_test(test_refused_input),
            cmocka_unit_test(test_long_target),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
