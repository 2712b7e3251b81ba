// SPDX-License-Identifier: Apache-2.0
// Heads of answers. The phrases are those of RFC 9110, RFC 6585 and RFC 5842.
#include "sidecar/server/http1_head.h"

#include "sidecar/server/exchange.h"
#include "tests/unit/unit.h"

enum { MAX = 1000 };

static void begin_with_the_phrase_of_the_status(void **state)
{
        static const struct {
                int status;
                const char *line;
        } rows[] = {
            {200, "HTTP/1.1 200 OK\r\n"},
            {304, "HTTP/1.1 304 Not Modified\r\n"},
            {400, "HTTP/1.1 400 Bad Request\r\n"},
            {401, "HTTP/1.1 401 Unauthorized\r\n"},
            {403, "HTTP/1.1 403 Forbidden\r\n"},
            {404, "HTTP/1.1 404 Not Found\r\n"},
            {405, "HTTP/1.1 405 Method Not Allowed\r\n"},
            {408, "HTTP/1.1 408 Request Timeout\r\n"},
            {413, "HTTP/1.1 413 Content Too Large\r\n"},
            {415, "HTTP/1.1 415 Unsupported Media Type\r\n"},
            {421, "HTTP/1.1 421 Misdirected Request\r\n"},
            {431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
            {500, "HTTP/1.1 500 Internal Server Error\r\n"},
            {502, "HTTP/1.1 502 Bad Gateway\r\n"},
            {503, "HTTP/1.1 503 Service Unavailable\r\n"},
            {504, "HTTP/1.1 504 Gateway Timeout\r\n"},
            {508, "HTTP/1.1 508 Loop Detected\r\n"},
            {299, "HTTP/1.1 299 Answer\r\n"}, // no known one
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer b;
                const struct answer a = {.status = rows[i].status};
                buffer_init(&b, MAX);
                http1_head_put(&b, NULL, &a, HTTP1_UNSAID, "");
                if (!slice_starts_with(buffer_slice(&b), slice_str(rows[i].line)))
                        fail_msg("%d: %.*s", rows[i].status, (int)b.n, (const char *)b.p);
                buffer_free(&b);
        }
}

static void put_one_more(const struct exchange *x, struct buffer *out)
{
        (void)x;
        (void)buffer_put(out, SLICE("ETag: \"1\"\r\n"));
}

static void have_the_headers_of_the_answer(void **state)
{
        static const struct {
                struct answer answer;
                enum http1_framing framing;
                const char *connection, *head;
        } rows[] = {
            {{.status = 304}, HTTP1_LENGTH, "", "HTTP/1.1 304 Not Modified\r\nCache-Control: no-store\r\n\r\n"},
            {{.status = 200, .content_type = "text/plain", .body = SLICE_INIT("hello")},
             HTTP1_LENGTH,
             "",
             "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nCache-Control: no-store\r\n\r\n"},
            {{.status = 200, .content_type = "text/plain"},
             HTTP1_LENGTH,
             "Connection: close\r\n",
             "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\nCache-Control: no-store\r\n"
             "Connection: close\r\n\r\n"},
            {{.status = 200, .content_type = "text/plain"},
             HTTP1_CHUNKED,
             "",
             "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nCache-Control: no-store\r\n"
             "\r\n"},
            {{.status = 200, .content_type = "text/plain"},
             HTTP1_UNSAID,
             "",
             "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n\r\n"},
            {{.status = 405, .headers = "Allow: GET\r\n", .put_headers = put_one_more},
             HTTP1_UNSAID,
             "",
             "HTTP/1.1 405 Method Not Allowed\r\nCache-Control: no-store\r\nAllow: GET\r\nETag: \"1\"\r\n\r\n"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer b;
                buffer_init(&b, MAX);
                http1_head_put(&b, NULL, &rows[i].answer, rows[i].framing, rows[i].connection);
                assert_slice(buffer_slice(&b), rows[i].head);
                buffer_free(&b);
        }
}

static void of_usual_answers_end_where_the_body_begins(void **state)
{
        static const struct {
                size_t n;
                const char *digits;
        } rows[] = {{0, "0"}, {9, "9"}, {10, "10"}, {1234567890, "1234567890"}};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                uint8_t room[1 + HTTP1_HEAD_CAPACITY] = {0x55};
                char want[MAX];
                uint8_t *end = room + sizeof(room);
                const uint8_t *p = http1_head_put_before(end, rows[i].n);
                (void)snprintf(want, sizeof(want), "%s%s%s", HTTP1_JSON_HEAD, rows[i].digits, HTTP1_JSON_HEAD_END);
                assert_slice(slice_of(p, (size_t)(end - p)), want);
                assert_int_equal(room[0], 0x55);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(begin_with_the_phrase_of_the_status),
            cmocka_unit_test(have_the_headers_of_the_answer),
            cmocka_unit_test(of_usual_answers_end_where_the_body_begins),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
