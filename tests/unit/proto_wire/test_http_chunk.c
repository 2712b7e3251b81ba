// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/http_chunk.h"

#include <errno.h>

#include "tests/unit/unit.h"

static void sizes_are_hexadecimal_without_leading_zeros(void **state)
{
        (void)state;
        static const struct {
                size_t n;
                const char *line;
        } rows[] = {
            {1, "1\r\n"}, {15, "f\r\n"}, {16, "10\r\n"}, {0xabc0, "abc0\r\n"}, {SIZE_MAX, "ffffffffffffffff\r\n"}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char out[HTTP_CHUNK_HEAD_SIZE];
                assert_slice(http_chunk_head(rows[i].n, out), rows[i].line);
        }
}

static void chunks_and_trailers_are_written(void **state)
{
        (void)state;
        static const struct http_header trailers[] = {{SLICE_INIT("X-A"), SLICE_INIT("b c")},
                                                      {SLICE_INIT("x-b"), SLICE_INIT("")}};
        struct buffer out;
        buffer_init(&out, 4096);
        assert_int_equal(http_chunk_put(SLICE("hello, world"), &out), 0);
        assert_int_equal(http_chunk_put(SLICE(""), &out), 0);
        assert_int_equal(http_chunk_put(SLICE("0123456789abcdef"), &out), 0);
        assert_int_equal(http_chunk_put_end(trailers, 2, &out), 0);
        assert_slice(buffer_slice(&out),
                     "c\r\nhello, world\r\n10\r\n0123456789abcdef\r\n0\r\nX-A: b c\r\nx-b: \r\n\r\n");
        buffer_reset(&out);
        assert_int_equal(http_chunk_put_end(NULL, 0, &out), 0);
        assert_slice(buffer_slice(&out), "0\r\n\r\n");
        buffer_free(&out);
}

static void trailers_that_would_break_the_framing_are_refused(void **state)
{
        (void)state;
        static const struct http_header rows[] = {{SLICE_INIT(""), SLICE_INIT("v")},
                                                  {SLICE_INIT("a b"), SLICE_INIT("v")},
                                                  {SLICE_INIT("a:"), SLICE_INIT("v")},
                                                  {SLICE_INIT("a"), SLICE_INIT("v\r\nb: c")},
                                                  {SLICE_INIT("a"), SLICE_INIT("v\n")}};
        struct buffer out;
        buffer_init(&out, 4096);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                assert_int_equal(http_chunk_put_end(&rows[i], 1, &out), -EINVAL);
                assert_int_equal(out.n, 0);
        }
        buffer_free(&out);
}

static void full_buffer_is_reported(void **state)
{
        (void)state;
        static const char all[] = "5\r\nhello\r\n0\r\n\r\n";
        for (size_t max = 0; max < sizeof(all); max++) {
                struct buffer out;
                buffer_init(&out, max);
                int body = http_chunk_put(SLICE("hello"), &out);
                int end = http_chunk_put_end(NULL, 0, &out);
                assert_int_equal(body == 0, max >= 10);
                assert_int_equal(end == 0, max >= sizeof(all) - 1);
                buffer_free(&out);
        }
}

// What is written reads as what it was.
static void chunks_are_read_back(void **state)
{
        (void)state;
        static const struct http_header trailer = {SLICE_INIT("a"), SLICE_INIT("b")};
        struct buffer out;
        buffer_init(&out, 65536);
        (void)buffer_put_str(&out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        uint8_t bytes[300];
        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t)i;
        for (size_t n = 0; n < sizeof(bytes); n += 7)
                assert_int_equal(http_chunk_put(slice_of(bytes, n), &out), 0);
        assert_int_equal(http_chunk_put_end(&trailer, 1, &out), 0);
        struct http_parser *p = http_parser_new(HTTP_RESPONSES);
        assert_non_null(p);
        struct slice rest = buffer_slice(&out);
        assert_int_equal(http_parser_next(p, &rest), HTTP_HEAD_DONE);
        for (size_t n = 7; n < sizeof(bytes); n += 7) {
                assert_int_equal(http_parser_next(p, &rest), HTTP_BODY_PIECE);
                assert_true(slice_eq(http_parser_body(p), slice_of(bytes, n)));
        }
        assert_int_equal(http_parser_next(p, &rest), HTTP_END);
        size_t count = 0;
        const struct http_header *trailers = http_parser_trailers(p, &count);
        assert_int_equal(count, 1);
        assert_slice(trailers[0].value, "b");
        http_parser_free(p);
        buffer_free(&out);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(sizes_are_hexadecimal_without_leading_zeros),
            cmocka_unit_test(chunks_and_trailers_are_written),
            cmocka_unit_test(trailers_that_would_break_the_framing_are_refused),
            cmocka_unit_test(full_buffer_is_reported),
            cmocka_unit_test(chunks_are_read_back),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
