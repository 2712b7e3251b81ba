// SPDX-License-Identifier: Apache-2.0
// Heads and bodies as large as they may be, and one byte more; what is copied, and how a field is found.
#include "proto/wire/http_whole.h"

#include "proto/mem/buffer.h"
#include "tests/unit/unit.h"

#define BODY_MAX 64

static enum http_event feed_text(struct buffer *text, size_t step)
{
        struct http_whole *p = http_whole_new(HTTP_REQUESTS, BODY_MAX);
        assert_non_null(p);
        enum http_event result = HTTP_MORE;
        struct slice rest = buffer_slice(text);
        while (rest.n > 0 && result == HTTP_MORE) {
                struct slice piece = slice_head(rest, step);
                result = http_whole_next(p, &piece);
                rest = slice_from(rest, (size_t)(piece.p - rest.p));
        }
        http_whole_free(p);
        return result;
}

static void put_header_lines(struct buffer *b, size_t count)
{
        for (size_t i = 0; i < count; i++)
                (void)buffer_printf(b, "X-%zu: v\r\n", i);
}

static void test_header_count(void **state)
{
        (void)state;
        static const struct {
                size_t count;
                enum http_event want;
        } rows[] = {{LIMIT_HTTP_HEADERS_N, HTTP_END}, {LIMIT_HTTP_HEADERS_N + 1, HTTP_HEAD_TOO_LARGE}};
        for (size_t i = 0; i < 2; i++) {
                struct buffer b;
                buffer_init(&b, 65536);
                (void)buffer_put_str(&b, "GET / HTTP/1.1\r\n");
                put_header_lines(&b, rows[i].count);
                (void)buffer_put_str(&b, "\r\n");
                assert_int_equal(feed_text(&b, b.n), rows[i].want);
                assert_int_equal(feed_text(&b, 1), rows[i].want);
                buffer_free(&b);
        }
}

// A request whose head has exactly `size` bytes, all of it in one header's value.
static void put_head(struct buffer *b, size_t size)
{
        (void)buffer_put_str(b, "GET / HTTP/1.1\r\nX: ");
        while (b->n < size - 4)
                (void)buffer_put_byte(b, 'x');
        (void)buffer_put_str(b, "\r\n\r\n");
}

static void test_head_size(void **state)
{
        (void)state;
        static const struct {
                size_t size;
                enum http_event want;
        } rows[] = {{LIMIT_HTTP_HEAD, HTTP_END}, {LIMIT_HTTP_HEAD + 1, HTTP_HEAD_TOO_LARGE}};
        static const size_t steps[] = {1, 7, 4096, LIMIT_HTTP_HEAD - 1, LIMIT_HTTP_HEAD, LIMIT_HTTP_HEAD + 1, 200000};
        for (size_t i = 0; i < 2; i++) {
                for (size_t k = 0; k < LENGTH(steps); k++) {
                        struct buffer b;
                        buffer_init(&b, 200000);
                        put_head(&b, rows[i].size);
                        assert_int_equal(b.n, rows[i].size);
                        assert_int_equal(feed_text(&b, steps[k]), rows[i].want);
                        buffer_free(&b);
                }
        }
}

static void test_endless_head(void **state)
{
        (void)state;
        static const char *const starts[] = {"GET /", "GET / HTTP/1.1\r\nX",
                                             "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;",
                                             "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX"};
        for (size_t i = 0; i < LENGTH(starts); i++) {
                struct buffer b;
                buffer_init(&b, 200000);
                (void)buffer_put_str(&b, starts[i]);
                while (b.n < 150000)
                        (void)buffer_put_byte(&b, 'a');
                assert_int_equal(feed_text(&b, 5000), HTTP_HEAD_TOO_LARGE);
                assert_int_equal(feed_text(&b, b.n), HTTP_HEAD_TOO_LARGE);
                buffer_free(&b);
        }
}

// A large body behind a head, given in one piece larger than a head may be.
static void test_large_feed(void **state)
{
        (void)state;
        enum { SIZE = 200000 };
        struct buffer b;
        buffer_init(&b, SIZE + 1000);
        (void)buffer_printf(&b, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", SIZE);
        size_t head = b.n;
        for (size_t i = 0; i < SIZE; i++)
                (void)buffer_put_byte(&b, (uint8_t)i);
        static const size_t steps[] = {SIZE + 1000, 70000, 1000};
        for (size_t k = 0; k < LENGTH(steps); k++) {
                struct http_whole *p = http_whole_new(HTTP_RESPONSES, SIZE);
                assert_non_null(p);
                enum http_event result = HTTP_MORE;
                struct slice rest = buffer_slice(&b);
                while (result == HTTP_MORE && rest.n > 0) {
                        struct slice piece = slice_head(rest, steps[k]);
                        result = http_whole_next(p, &piece);
                        rest = slice_from(rest, (size_t)(piece.p - rest.p));
                }
                assert_int_equal(result, HTTP_END);
                assert_true(slice_eq(http_whole_message(p)->body, slice_from(buffer_slice(&b), head)));
                // in one feed nothing was copied
                assert_int_equal(http_whole_message(p)->body.p == b.p + head, k == 0);
                http_whole_free(p);
        }
        buffer_free(&b);
}

static void test_whole_is_not_copied(void **state)
{
        (void)state;
        static const char text[] = "POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab";
        struct http_whole *p = http_whole_new(HTTP_REQUESTS, BODY_MAX);
        struct slice bytes = slice_str(text);
        assert_non_null(p);
        assert_int_equal(http_whole_next(p, &bytes), HTTP_END);
        assert_int_equal(bytes.n, 0);
        const struct http_message *m = http_whole_message(p);
        assert_ptr_equal(m->head->target.p, text + 5);
        assert_ptr_equal(m->head->headers[0].name.p, text + 18);
        assert_ptr_equal(m->body.p, text + sizeof(text) - 3);
        http_whole_free(p);
        http_whole_free(NULL);
}

static void test_header_lookup(void **state)
{
        (void)state;
        struct http_head m = {.headers = {{SLICE_INIT("Accept"), SLICE_INIT("a")},
                                          {SLICE_INIT("X-One"), SLICE_INIT("1")},
                                          {SLICE_INIT("x-one"), SLICE_INIT("2")}},
                              .headers_count = 3};
        assert_true(slice_eq(http_head_get(&m, SLICE("x-ONE")), SLICE("1")));
        assert_true(slice_is_empty(http_head_get(&m, SLICE("x-two"))));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_header_count),        cmocka_unit_test(test_head_size),
            cmocka_unit_test(test_endless_head),        cmocka_unit_test(test_large_feed),
            cmocka_unit_test(test_whole_is_not_copied), cmocka_unit_test(test_header_lookup),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
