// SPDX-License-Identifier: Apache-2.0
// JSON in and out, HTTP both ways, credentials and their documents.
#include <string.h>

#include "proto/wire/credentials.h"
#include "proto/wire/documents.h"
#include "proto/wire/http_whole.h"
#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"
#include "proto/wire/sse.h"
#include "tests/torture/torture.h"

static bool json_out_round(const void *arg)
{
        (void)arg;
        struct buffer b;
        buffer_init(&b, 1024 * 1024);
        torture_begin();
        json_begin_object(&b);
        json_key(&b, "list");
        json_begin_array(&b);
        for (int i = 0; i < 1000; i++)
                json_put_string(&b, SLICE("a\"b\xff"));
        json_end_array(&b);
        json_member_i64(&b, "n", -1);
        json_end_object(&b);
        torture_end();
        bool is_done = !b.failed;
        if (is_done)
                assert_true(slice_ends_with(buffer_slice(&b), SLICE("\"a\\\"b\xef\xbf\xbd\"],\"n\":-1}")));
        buffer_free(&b);
        return is_done;
}

// Short and plain, and one with escapes, many nodes and long keys: both ways through the parser.
static bool json_in_round(const void *arg)
{
        const char *text = arg;
        struct json_doc doc;
        struct json_fault fault = {0};
        struct buffer string;
        json_doc_init(&doc);
        buffer_init(&string, 1024);
        torture_begin();
        int r = json_parse(&doc, slice_str(text), &fault);
        int read = r == 0 ? json_string(&doc, json_get(&doc, JSON_ROOT, SLICE("key")), &string) : -1;
        torture_end();
        if (r < 0)
                assert_string_equal(fault.what, "out of memory");
        else if (read == 0)
                assert_true(slice_eq(buffer_slice(&string), SLICE("v\xc3\xa4lue")));
        bool is_done = r == 0 && read == 0;
        assert_int_equal(json_parse(&doc, slice_str(text), &fault), 0); // usable again
        assert_true(json_string_is(&doc, json_get(&doc, JSON_ROOT, SLICE("key")), SLICE("v\xc3\xa4lue")));
        json_doc_free(&doc);
        buffer_free(&string);
        return is_done;
}

// One message in pieces of a size; what stays from call to call is copied.
// In two pieces, amid a line.
static bool sse_round(const void *arg)
{
        struct slice pieces[] = {SLICE("event: rotated\nid: 7\nda"), SLICE("ta: a\ndata: b\n\n")};
        struct sse_reader r;
        (void)arg;
        sse_init(&r);
        torture_begin();
        enum sse_next next = sse_next(&r, &pieces[0]);
        if (next == SSE_MORE)
                next = sse_next(&r, &pieces[1]);
        torture_end();
        if (next == SSE_EVENT) {
                assert_true(slice_eq(buffer_slice(&r.name), SLICE("rotated")));
                assert_true(slice_eq(buffer_slice(&r.data), SLICE("a\nb")));
                assert_true(slice_eq(buffer_slice(&r.last_id), SLICE("7")));
        } else {
                assert_int_equal(next, SSE_BAD);
        }
        sse_free(&r);
        return next == SSE_EVENT;
}

struct http_case {
        enum http_side side;
        const char *text;
        size_t piece;
        bool keeps; // http_whole_keep() at the end
};

static bool http_round(const void *arg)
{
        const struct http_case *c = arg;
        struct slice text = slice_str(c->text);
        uint8_t bytes[512];
        enum http_event event = HTTP_MORE;
        torture_begin();
        struct http_whole *w = http_whole_new(c->side, 4096);
        for (size_t at = 0; w && at < text.n && (event == HTTP_MORE || event == HTTP_EXPECTS);) {
                struct slice piece = slice_head(slice_from(text, at), c->piece);
                memcpy(bytes, piece.p, piece.n); // the bytes of one read() do not outlive it
                struct slice rest = slice_of(bytes, piece.n);
                event = http_whole_next(w, &rest);
                at += piece.n - rest.n;
        }
        bool is_done = event == HTTP_END && (!c->keeps || http_whole_keep(w) == 0);
        torture_end();
        if (is_done) {
                memset(bytes, 'x', c->keeps ? sizeof(bytes) : 0);
                const struct http_message *m = http_whole_message(w);
                assert_true(slice_eq(m->body, SLICE("CANARY world")));
                assert_true(slice_eq(http_head_get(m->head, SLICE("x-key")), SLICE("value")));
        } else if (w && event != HTTP_END) {
                assert_int_equal(event, HTTP_NO_MEMORY);
        }
        http_whole_free(w);
        return is_done;
}

// The events of a chunked message with a trailer, its bytes in pieces.
static bool http_events_round(const void *arg)
{
        struct slice text = slice_str(arg);
        uint8_t bytes[16];
        enum http_event event = HTTP_MORE;
        torture_begin();
        struct http_parser *p = http_parser_new(HTTP_RESPONSES);
        for (size_t at = 0; p && at < text.n && event == HTTP_MORE; at += sizeof(bytes)) {
                struct slice piece = slice_head(slice_from(text, at), sizeof(bytes));
                memcpy(bytes, piece.p, piece.n);
                struct slice rest = slice_of(bytes, piece.n);
                do
                        event = http_parser_next(p, &rest);
                while (event == HTTP_HEAD_DONE || event == HTTP_BODY_PIECE);
        }
        torture_end();
        size_t count = 0;
        if (event == HTTP_END) {
                const struct http_header *trailers = http_parser_trailers(p, &count);
                assert_int_equal(count, 1);
                assert_true(slice_eq(trailers[0].value, SLICE("CANARY")));
                assert_true(slice_eq(http_head_get(http_parser_head(p), SLICE("x-key")), SLICE("value")));
        } else if (p) {
                assert_int_equal(event, HTTP_NO_MEMORY);
        }
        http_parser_free(p);
        return event == HTTP_END;
}

static bool credentials_round(const void *arg)
{
        (void)arg;
        const struct credentials fields = {.access_key_id = SLICE_INIT("ASIAEXAMPLE"),
                                           .secret_access_key = SLICE_INIT("CANARY-secret/+="),
                                           .session_token = SLICE_INIT("CANARY-token=="),
                                           .account_id = SLICE_INIT("111122223333"),
                                           .expires_s = 1788264000};
        struct buffer document, scratch;
        struct json_doc doc;
        struct json_fault fault = {0};
        struct credentials read;
        const char *what = NULL;
        buffer_init(&document, 4096);
        buffer_init(&scratch, 4096);
        json_doc_init(&doc);
        torture_begin();
        struct credentials *c = credentials_new(&fields);
        int r = c ? documents_write_process(c, &document) : -1;
        if (r == 0)
                r = json_parse(&doc, buffer_slice(&document), &fault);
        if (r == 0)
                r = documents_read_process(&doc, &scratch, &read, &what);
        torture_end();
        if (r == 0) {
                assert_true(slice_eq(read.secret_access_key, fields.secret_access_key));
                assert_true(slice_eq(read.session_token, fields.session_token));
                assert_int_equal(read.expires_s, fields.expires_s);
        } else if (what) {
                assert_string_equal(what, "out of memory");
        }
        credentials_unref(c);
        json_doc_free(&doc);
        buffer_free(&document);
        buffer_free(&scratch);
        return r == 0;
}

#define REQUEST "POST /x HTTP/1.1\r\nX-Key: value\r\nContent-Length: 12\r\n\r\nCANARY world"
#define EXPECTING "POST /x HTTP/1.1\r\nX-Key: value\r\nExpect: 100-continue\r\nContent-Length: 12\r\n\r\nCANARY world"
#define CHUNKED                                                                                                        \
        "HTTP/1.1 200 OK\r\nX-Key: value\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nCANARY \r\n5\r\nworld\r\n0\r\n\r\n"
#define TRAILED                                                                                                        \
        "HTTP/1.1 200 OK\r\nX-Key: value\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nCANARY \r\n0\r\nX: CANARY\r\n\r\n"

int main(void)
{
        static const struct http_case whole = {HTTP_REQUESTS, REQUEST, 512, true},
                                      bytes = {HTTP_REQUESTS, REQUEST, 1, true},
                                      pieces = {HTTP_REQUESTS, REQUEST, 58, false},
                                      expecting = {HTTP_REQUESTS, EXPECTING, 512, false},
                                      chunks = {HTTP_RESPONSES, CHUNKED, 512, true},
                                      chunks_in_pieces = {HTTP_RESPONSES, CHUNKED, 30, false};
        static char many[20000];
        (void)snprintf(many, sizeof(many), "{\"key\":\"v\\u00e4lue\",\"list\":[%*d", 1, 0);
        for (size_t n = strlen(many); n < 18000; n = strlen(many))
                (void)snprintf(many + n, sizeof(many) - n, ",{\"a\":[true,\"\\n\"]}");
        size_t n = strlen(many);
        (void)snprintf(many + n, sizeof(many) - n, "]}");
        const struct torture_row rows[] = {
            {.name = "server-sent events", .round = sse_round},
            {.name = "JSON out", .round = json_out_round},
            {.name = "JSON in, short", .round = json_in_round, .arg = "{\"key\":\"v\xc3\xa4lue\"}"},
            {.name = "JSON in, long", .round = json_in_round, .arg = many},
            {.name = "HTTP whole and kept", .round = http_round, .arg = &whole},
            {.name = "HTTP byte by byte", .round = http_round, .arg = &bytes},
            {.name = "HTTP head and body apart", .round = http_round, .arg = &pieces},
            {.name = "HTTP expecting", .round = http_round, .arg = &expecting},
            {.name = "HTTP chunks", .round = http_round, .arg = &chunks},
            {.name = "HTTP chunks in pieces", .round = http_round, .arg = &chunks_in_pieces},
            {.name = "HTTP events", .round = http_events_round, .arg = TRAILED},
            {.name = "credentials", .round = credentials_round},
        };
        return torture_main(rows, LENGTH(rows));
}
