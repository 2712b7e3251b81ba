// SPDX-License-Identifier: Apache-2.0
// What each event offers: the kind of the body, its pieces, the trailers; and what outlives the bytes given.
#include "proto/wire/http.h"

#include "tests/unit/proto_wire/guarded.h"

static struct http_parser *parser_new(enum http_side side)
{
        struct http_parser *p = http_parser_new(side);
        assert_non_null(p);
        return p;
}

static void expect_event(struct http_parser *p, struct slice *bytes, enum http_event event)
{
        assert_int_equal(http_parser_next(p, bytes), event);
}

static void expect_body(struct http_parser *p, struct slice *bytes, const char *piece)
{
        expect_event(p, bytes, HTTP_BODY_PIECE);
        assert_slice(http_parser_body(p), piece);
}

static void head_reports_the_kind_of_the_body(void **state)
{
        (void)state;
        static const struct {
                enum http_side side;
                const char *text;
                enum http_body_kind body;
                uint64_t content_length;
        } rows[] = {
            {HTTP_REQUESTS, "GET / HTTP/1.1\r\n\r\n", HTTP_BODY_NONE, 0},
            {HTTP_REQUESTS, "PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", HTTP_BODY_NONE, 0},
            {HTTP_REQUESTS, "PUT / HTTP/1.1\r\nContent-Length: 007\r\n\r\n", HTTP_BODY_SIZED, 7},
            {HTTP_REQUESTS, "PUT / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n", HTTP_BODY_SIZED,
             UINT64_MAX},
            {HTTP_REQUESTS, "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_BODY_CHUNKED, 0},
            {HTTP_RESPONSES, "HTTP/1.1 200 OK\r\n\r\n", HTTP_BODY_TO_EOF, 0},
            {HTTP_RESPONSES, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", HTTP_BODY_SIZED, 1},
            {HTTP_RESPONSES, "HTTP/1.1 204 OK\r\n\r\n", HTTP_BODY_NONE, 0},
            {HTTP_RESPONSES, "HTTP/1.1 304 OK\r\n\r\n", HTTP_BODY_NONE, 0},
            {HTTP_RESPONSES, "HTTP/1.1 100 OK\r\n\r\n", HTTP_BODY_NONE, 0},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct http_parser *p = parser_new(rows[i].side);
                struct slice bytes = slice_str(rows[i].text);
                expect_event(p, &bytes, HTTP_HEAD_DONE);
                assert_int_equal(bytes.n, 0);
                assert_int_equal(http_parser_head(p)->body, rows[i].body);
                assert_int_equal(http_parser_head(p)->content_length, rows[i].content_length);
                bool ends = rows[i].body == HTTP_BODY_NONE;
                expect_event(p, &bytes, ends ? HTTP_END : HTTP_MORE);
                assert_int_equal(http_parser_is_inside(p), !ends);
                http_parser_free(p);
        }
}

// The caller may leave bytes for later at any event, and sees a body as it comes.
static void body_comes_in_the_pieces_given(void **state)
{
        (void)state;
        struct http_parser *p = parser_new(HTTP_REQUESTS);
        struct slice bytes = SLICE("PUT /1 HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc");
        expect_event(p, &bytes, HTTP_HEAD_DONE);
        assert_slice(bytes, "abc");
        expect_body(p, &bytes, "abc");
        expect_event(p, &bytes, HTTP_MORE);
        bytes = SLICE("d");
        expect_body(p, &bytes, "d");
        expect_event(p, &bytes, HTTP_MORE);
        bytes = SLICE("efPUT /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nd");
        expect_body(p, &bytes, "ef");
        assert_true(http_parser_is_inside(p));
        expect_event(p, &bytes, HTTP_END);
        assert_false(http_parser_is_inside(p));
        assert_slice(http_parser_head(p)->target, "/1");
        expect_event(p, &bytes, HTTP_HEAD_DONE);
        assert_slice(http_parser_head(p)->target, "/2");
        expect_body(p, &bytes, "abc");
        expect_body(p, &bytes, "d");
        expect_event(p, &bytes, HTTP_MORE);
        bytes = SLICE("e\r\n0\r\n\r\n\r\n");
        expect_body(p, &bytes, "e");
        expect_event(p, &bytes, HTTP_END);
        expect_event(p, &bytes, HTTP_MORE);
        assert_int_equal(bytes.n, 0);
        assert_false(http_parser_is_inside(p));
        http_parser_free(p);
}

static void body_larger_than_a_head_may_be_is_one_piece(void **state)
{
        (void)state;
        enum { HEAD_N = 40, BODY_N = 3 * LIMIT_HTTP_HEAD };
        static uint8_t text[HEAD_N + BODY_N] = "PUT / HTTP/1.1\r\nContent-Length: 196608\r\n\r\n";
        size_t head_n = strlen((char *)text);
        memset(text + head_n, 'x', sizeof(text) - head_n);
        struct http_parser *p = parser_new(HTTP_REQUESTS);
        struct slice bytes = slice_of(text, sizeof(text));
        expect_event(p, &bytes, HTTP_HEAD_DONE);
        expect_event(p, &bytes, HTTP_BODY_PIECE);
        assert_ptr_equal(http_parser_body(p).p, text + head_n);
        assert_int_equal(http_parser_body(p).n, sizeof(text) - head_n);
        http_parser_free(p);
}

static void response_without_length_goes_on_until_the_connection_ends(void **state)
{
        (void)state;
        struct http_parser *p = parser_new(HTTP_RESPONSES);
        struct slice bytes = SLICE("HTTP/1.0 200 OK\r\n\r\nabc");
        expect_event(p, &bytes, HTTP_HEAD_DONE);
        expect_body(p, &bytes, "abc");
        expect_event(p, &bytes, HTTP_MORE);
        bytes = SLICE("HTTP/1.1 200 OK\r\n\r\n");
        expect_body(p, &bytes, "HTTP/1.1 200 OK\r\n\r\n");
        expect_event(p, &bytes, HTTP_MORE);
        http_parser_free(p);
}

static void put_trailers(const struct http_parser *p, char *out, size_t size)
{
        size_t count = 0;
        const struct http_header *trailers = http_parser_trailers(p, &count);
        size_t at = 0;
        out[0] = 0;
        for (size_t i = 0; i < count; i++)
                at += (size_t)snprintf(out + at, size - at, "%.*s=%.*s|", (int)trailers[i].name.n,
                                       (const char *)trailers[i].name.p, (int)trailers[i].value.n,
                                       (const char *)trailers[i].value.p);
}

#define CHUNKED "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"

static void trailers_come_with_the_end(void **state)
{
        (void)state;
        static const struct {
                const char *text, *trailers;
        } rows[] = {
            {CHUNKED "0\r\n\r\n", ""},
            {CHUNKED "000;x=y\r\n\r\n", ""},
            {CHUNKED "0\r\nX-A: b\r\n\r\n", "X-A=b|"},
            {CHUNKED "0\r\nX-A:\t b c \t\r\nx-b:\r\nX-A: d\r\n\r\n", "X-A=b c|x-b=|X-A=d|"},
            {CHUNKED "0\r\nContent-Length: 5\r\n\r\n", "Content-Length=5|"},
        };
        struct guarded g = guarded_new(GUARDED_PAGE);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                size_t n = strlen(rows[i].text);
                for (size_t cut = 0; cut < n; cut++) {
                        struct http_parser *p = parser_new(HTTP_REQUESTS);
                        struct slice bytes = guarded_put(&g, slice_of(rows[i].text, cut));
                        enum http_event event = HTTP_MORE;
                        while ((event = http_parser_next(p, &bytes)) != HTTP_MORE)
                                assert_true(event == HTTP_HEAD_DONE || event == HTTP_BODY_PIECE);
                        bytes = guarded_put(&g, slice_from(slice_str(rows[i].text), cut));
                        while ((event = http_parser_next(p, &bytes)) != HTTP_END)
                                assert_true(event == HTTP_HEAD_DONE || event == HTTP_BODY_PIECE);
                        memset(g.memory, '#', g.size);
                        char text[128];
                        put_trailers(p, text, sizeof(text));
                        assert_string_equal(text, rows[i].trailers);
                        bytes = guarded_put(&g, SLICE("GET / HTTP/1.1\r\n\r\n"));
                        expect_event(p, &bytes, HTTP_HEAD_DONE);
                        put_trailers(p, text, sizeof(text));
                        assert_string_equal(text, "");
                        http_parser_free(p);
                }
        }
        guarded_free(&g);
}

// A head that came whole lies in the caller's bytes until the caller says that they go.
static void head_can_be_kept_at_each_event(void **state)
{
        (void)state;
        static const char text[] = "PUT /path HTTP/1.1\r\nA: b\r\nContent-Length: 4\r\n\r\nabcd";
        struct guarded g = guarded_new(GUARDED_PAGE);
        for (int keep_at = 0; keep_at < 3; keep_at++) {
                struct http_parser *p = parser_new(HTTP_REQUESTS);
                struct slice given = guarded_put(&g, slice_str(text));
                struct slice bytes = given;
                expect_event(p, &bytes, HTTP_HEAD_DONE);
                assert_ptr_equal(http_parser_head(p)->target.p, given.p + 4);
                if (keep_at > 0)
                        expect_body(p, &bytes, "abcd");
                if (keep_at > 1)
                        expect_event(p, &bytes, HTTP_END);
                assert_int_equal(http_parser_keep(p), 0);
                struct slice rest = bytes;
                memset(g.memory, '#', g.size - rest.n);
                for (int again = 0; again < 2; again++) {
                        assert_slice(http_parser_head(p)->target, "/path");
                        assert_slice(http_head_get(http_parser_head(p), SLICE("a")), "b");
                        assert_slice(http_parser_head(p)->method, "PUT");
                        assert_int_equal(http_parser_keep(p), 0);
                }
                if (keep_at == 0)
                        expect_body(p, &bytes, "abcd");
                if (keep_at < 2)
                        expect_event(p, &bytes, HTTP_END);
                http_parser_free(p);
        }
        guarded_free(&g);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(head_reports_the_kind_of_the_body),
            cmocka_unit_test(body_comes_in_the_pieces_given),
            cmocka_unit_test(body_larger_than_a_head_may_be_is_one_piece),
            cmocka_unit_test(response_without_length_goes_on_until_the_connection_ends),
            cmocka_unit_test(trailers_come_with_the_end),
            cmocka_unit_test(head_can_be_kept_at_each_event),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
