// SPDX-License-Identifier: Apache-2.0
// Each conversation is read whole, cut in two at every byte, and byte by byte, out of memory that ends at an unmapped
// page and is overwritten after each feed; all ways must tell the same.
#include "proto/wire/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tests/unit/unit.h"

#define BODY_MAX 64
#define PAGE 4096

// --- memory that ends at a page nobody may touch ---

struct guarded {
        uint8_t *memory;
        size_t size;
};

static struct guarded guarded_new(size_t size)
{
        struct guarded g = {.size = (size + PAGE - 1) / PAGE * PAGE};
        g.memory = mmap(NULL, g.size + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(g.memory != MAP_FAILED);
        assert_int_equal(mprotect(g.memory, g.size, PROT_READ | PROT_WRITE), 0);
        return g;
}

static struct slice guarded_put(const struct guarded *g, struct slice s)
{
        assert_true(s.n <= g->size);
        memset(g->memory, '#', g->size);
        uint8_t *at = g->memory + g->size - s.n;
        if (s.p)
                memcpy(at, s.p, s.n);
        return slice_of(at, s.n);
}

static void guarded_free(const struct guarded *g)
{
        munmap(g->memory, g->size + PAGE);
}

// --- what was read, as text ---

static void report_message(struct buffer *out, const struct http_message *m)
{
        if (m->status)
                (void)buffer_printf(out, "%d", m->status);
        (void)buffer_put(out, m->method);
        (void)buffer_put_byte(out, ' ');
        (void)buffer_put(out, m->target);
        for (size_t i = 0; i < m->headers_count; i++) {
                (void)buffer_put_byte(out, '|');
                (void)buffer_put(out, m->headers[i].name);
                (void)buffer_put_byte(out, '=');
                (void)buffer_put(out, m->headers[i].value);
        }
        (void)buffer_put_str(out, m->keep_alive ? "|keep" : "|close");
        if (m->is_1_0)
                (void)buffer_put_str(out, "|1.0");
        if (m->expects_continue)
                (void)buffer_put_str(out, "|expects");
        (void)buffer_put_byte(out, '|');
        (void)buffer_put(out, m->body);
        (void)buffer_put_byte(out, '\n');
}

static const char *failure_name(enum http_parse result)
{
        switch (result) {
        case HTTP_BAD:
                return "BAD";
        case HTTP_HEAD_TOO_LARGE:
                return "HEAD";
        case HTTP_BODY_TOO_LARGE:
                return "BODY";
        case HTTP_NO_MEMORY:
                return "MEMORY";
        case HTTP_MORE:
        case HTTP_EXPECTS:
        case HTTP_DONE:
                break;
        }
        return "?";
}

// Feeds one piece; false after a failure.
static bool feed(struct http_parser *p, const struct guarded *g, struct slice piece, struct buffer *out)
{
        struct slice rest = guarded_put(g, piece);
        while (rest.n > 0) {
                size_t taken = 0;
                enum http_parse result = http_parser_feed(p, rest, &taken);
                assert_true(taken <= rest.n);
                if (result == HTTP_DONE)
                        report_message(out, http_message(p));
                else if (result == HTTP_EXPECTS)
                        (void)buffer_put_str(out, "EXPECTS ");
                else if (result != HTTP_MORE) {
                        (void)buffer_put_str(out, failure_name(result));
                        size_t none = 1;
                        assert_int_equal(http_parser_feed(p, rest, &none), result); // stays so
                        assert_int_equal(none, 0);
                        return false;
                } else
                        assert_int_equal(taken, rest.n);
                rest = slice_from(rest, taken);
        }
        return true;
}

static void finish(struct http_parser *p, struct buffer *out)
{
        enum http_parse result = http_parser_finish(p);
        if (result == HTTP_DONE)
                report_message(out, http_message(p));
        else
                (void)buffer_put_str(out, failure_name(result));
}

struct conversation {
        const char *name;
        const char *bytes;
        const char *told; // messages, then a failure; "INSIDE" when one has begun
        enum http_side side;
        bool is_finished; // the connection ends
};

static void read_pieces(const struct conversation *c, const struct guarded *g, const size_t *cuts, size_t cuts_count,
                        struct buffer *out)
{
        struct slice all = slice_str(c->bytes);
        struct http_parser *p = http_parser_new(c->side, BODY_MAX);
        assert_non_null(p);
        buffer_reset(out);
        bool good = true;
        size_t at = 0;
        for (size_t i = 0; good && i <= cuts_count; i++) {
                size_t end = i < cuts_count ? cuts[i] : all.n;
                good = feed(p, g, slice_of(all.p + at, end - at), out);
                at = end;
        }
        if (good && c->is_finished)
                finish(p, out);
        else if (good && http_parser_is_inside(p))
                (void)buffer_put_str(out, "INSIDE");
        http_parser_free(p);
}

static void check(const struct conversation *c, const char *how, size_t at, struct buffer *out)
{
        const char *told = buffer_c_str(out);
        assert_non_null(told);
        if (strcmp(told, c->told) != 0)
                fail_msg("%s, %s %zu: told \"%s\", not \"%s\"", c->name, how, at, told, c->told);
}

static const struct conversation conversations[] = {
    {"get", "GET /a?b=c HTTP/1.1\r\nHost: x\r\nA:b\r\n\r\n", "GET /a?b=c|Host=x|A=b|keep|\n", HTTP_REQUESTS, false},
    {"no headers", "GET / HTTP/1.1\r\n\r\n", "GET /|keep|\n", HTTP_REQUESTS, false},
    {"blanks around values", "GET / HTTP/1.1\r\nA: \t b c \t\r\nB:\r\nC:  \r\n\r\n", "GET /|A=b c|B=|C=|keep|\n",
     HTTP_REQUESTS, false},
    {"empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n\r\n\r\n", "GET /|keep|\n", HTTP_REQUESTS, false},
    {"close", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "GET /|Connection=close|close|\n", HTTP_REQUESTS, false},
    {"1.0", "GET / HTTP/1.0\r\n\r\n", "GET /|close|1.0|\n", HTTP_REQUESTS, false},
    {"1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET /|Connection=Keep-Alive|keep|1.0|\n",
     HTTP_REQUESTS, false},
    {"body", "POST /s HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "POST /s|Content-Length=5|keep|hello\n",
     HTTP_REQUESTS, false},
    {"empty body", "POST /s HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "POST /s|Content-Length=0|keep|\n", HTTP_REQUESTS,
     false},
    {"chunks",
     "POST /s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\nTrailer: t\r\n\r\n",
     "POST /s|Transfer-Encoding=chunked|keep|abcdefgh\n", HTTP_REQUESTS, false},
    {"no chunk", "POST /s HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
     "POST /s|Transfer-Encoding=Chunked|keep|\n", HTTP_REQUESTS, false},
    {"pipeline",
     "GET /1 HTTP/1.1\r\nA: b\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nxyPOST /3 HTTP/1.1\r\n"
     "Transfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\nGET /4 HTTP/1.1\r\n\r\n",
     "GET /1|A=b|keep|\nPOST /2|Content-Length=2|keep|xy\nPOST /3|Transfer-Encoding=chunked|keep|z\nGET /4|keep|\n",
     HTTP_REQUESTS, false},
    {"after close", "GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", "GET /1|close|1.0|\nGET /2|keep|\n",
     HTTP_REQUESTS, false},
    {"upgrade is not taken up", "GET /1 HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
     "GET /1|Connection=upgrade|Upgrade=h2c|keep|\nGET /2|keep|\n", HTTP_REQUESTS, false},
    {"connect", "CONNECT a:1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", "CONNECT a:1|keep|\nGET /2|keep|\n",
     HTTP_REQUESTS, false},
    {"expects", "POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc",
     "EXPECTS POST /|Expect=100-Continue|Content-Length=3|keep|expects|abc\n", HTTP_REQUESTS, false},
    {"expects chunks",
     "POST / HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     "EXPECTS POST /|Expect=100-continue|Transfer-Encoding=chunked|keep|expects|ab\n", HTTP_REQUESTS, false},
    {"expects, no body", "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
     "POST /|Expect=100-continue|Content-Length=0|keep|expects|\n", HTTP_REQUESTS, false},
    {"1.0 cannot expect", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
     "POST /|Expect=100-continue|Content-Length=1|close|1.0|a\n", HTTP_REQUESTS, false},
    {"unfinished head", "GET / HTTP/1.1\r\nA: b\r\n", "INSIDE", HTTP_REQUESTS, false},
    {"unfinished body", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", "INSIDE", HTTP_REQUESTS, false},
    {"cut short", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", "BAD", HTTP_REQUESTS, true},
    {"cut short in the head", "GET / HTTP/1.1\r\n", "BAD", HTTP_REQUESTS, true},
    {"body at the limit",
     "POST / HTTP/1.1\r\nContent-Length: 64\r\n\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "POST /|Content-Length=64|keep|0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", HTTP_REQUESTS,
     false},
    {"body over the limit", "POST / HTTP/1.1\r\nContent-Length: 65\r\n\r\n", "BODY", HTTP_REQUESTS, false},
    {"chunks over the limit",
     "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n0123456789abcdef0123456789abcdef\r\n"
     "21\r\n0123456789abcdef0123456789abcdef0\r\n",
     "BODY", HTTP_REQUESTS, false},
    {"length and chunks", "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "BAD",
     HTTP_REQUESTS, false},
    {"chunks and length", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "BAD",
     HTTP_REQUESTS, false},
    {"another coding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"a coding alone", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"1.0 with chunks", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"two lengths", "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"signed length", "POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"huge length", "POST / HTTP/1.1\r\nContent-Length: 18446744073709551617\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"folded", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"folded after nothing", "GET / HTTP/1.1\r\nA:\r\n c\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"blank before colon", "GET / HTTP/1.1\r\nA : b\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"blank in a name", "GET / HTTP/1.1\r\nA c: b\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"blank before a name", "GET / HTTP/1.1\r\n A: b\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"no name", "GET / HTTP/1.1\r\n: b\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"no colon", "GET / HTTP/1.1\r\nabc\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"control byte in a value", "GET / HTTP/1.1\r\nA: \x01\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"LF alone", "GET / HTTP/1.1\nA: b\n\n", "BAD", HTTP_REQUESTS, false},
    {"LF alone after a value", "GET / HTTP/1.1\r\nA: b\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"CR alone after a value", "GET / HTTP/1.1\r\nA: b\rB: c\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"CR alone at the end", "GET / HTTP/1.1\r\nA: b\r\n\rX", "BAD", HTTP_REQUESTS, false},
    {"two blanks before the version", "GET /  HTTP/1.1\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"target is not ASCII", "GET /\xc3\xa9 HTTP/1.1\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"0.9", "GET /\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"2.0", "GET / HTTP/2.0\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"unknown method", "FOO / HTTP/1.1\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"TLS hello", "\x16\x03\x01\x02", "BAD", HTTP_REQUESTS, false},
    {"a response", "HTTP/1.1 200 OK\r\n\r\n", "BAD", HTTP_REQUESTS, false},
    {"response", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "200 |Content-Length=2|keep|{}\n", HTTP_RESPONSES,
     false},
    {"responses",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\nHTTP/1.1 503 X Y\r\n"
     "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
     "100 |keep|\n304 |ETag=\"1\"|keep|\n503 |Connection=close|Transfer-Encoding=chunked|close|abc\n", HTTP_RESPONSES,
     false},
    {"response without reason", "HTTP/1.1 204 \r\n\r\n", "204 |keep|\n", HTTP_RESPONSES, false},
    {"response that ends with the connection", "HTTP/1.1 200 OK\r\nA: b\r\n\r\nabc", "200 |A=b|close|abc\n",
     HTTP_RESPONSES, true},
    {"the same, no body", "HTTP/1.1 200 OK\r\n\r\n", "200 |close|\n", HTTP_RESPONSES, true},
    {"response cut short", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "BAD", HTTP_RESPONSES, true},
    {"response cut in the head", "HTTP/1.1 200 OK\r\nA", "BAD", HTTP_RESPONSES, true},
    {"response with length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
     "BAD", HTTP_RESPONSES, false},
    {"nothing at all", "", "BAD", HTTP_RESPONSES, true},
};

static void test_conversations(void **state)
{
        (void)state;
        struct guarded g = guarded_new(PAGE);
        struct buffer out;
        buffer_init(&out, 65536);
        for (size_t i = 0; i < LENGTH(conversations); i++) {
                const struct conversation *c = &conversations[i];
                size_t n = strlen(c->bytes);
                size_t each[512];
                assert_true(n < LENGTH(each));
                read_pieces(c, &g, NULL, 0, &out);
                check(c, "whole", 0, &out);
                for (size_t cut = 0; cut <= n; cut++) {
                        read_pieces(c, &g, &cut, 1, &out);
                        check(c, "cut at", cut, &out);
                }
                for (size_t k = 0; k < n; k++)
                        each[k] = k;
                read_pieces(c, &g, each, n, &out);
                check(c, "byte by byte", 0, &out);
        }
        buffer_free(&out);
        guarded_free(&g);
}

static void test_keep(void **state)
{
        (void)state;
        struct guarded g = guarded_new(PAGE);
        struct buffer whole;
        struct buffer kept;
        buffer_init(&whole, 65536);
        buffer_init(&kept, 65536);
        for (size_t i = 0; i < LENGTH(conversations); i++) {
                const struct conversation *c = &conversations[i];
                struct slice bytes = guarded_put(&g, slice_str(c->bytes));
                struct http_parser *p = http_parser_new(c->side, BODY_MAX);
                assert_non_null(p);
                size_t taken = 0;
                enum http_parse result = http_parser_feed(p, bytes, &taken);
                if (result == HTTP_DONE) {
                        buffer_reset(&whole);
                        buffer_reset(&kept);
                        report_message(&whole, http_message(p));
                        assert_int_equal(http_parser_keep(p), 0);
                        memset(g.memory, '~', g.size);
                        report_message(&kept, http_message(p));
                        assert_true(slice_eq(buffer_slice(&whole), buffer_slice(&kept)));
                        // and the next message is read as ever
                        bytes = guarded_put(&g, SLICE("HTTP/1.1 204 X\r\n\r\n"));
                        if (c->side == HTTP_REQUESTS)
                                bytes = guarded_put(&g, SLICE("GET /next HTTP/1.1\r\n\r\n"));
                        assert_int_equal(http_parser_feed(p, bytes, &taken), HTTP_DONE);
                        assert_int_equal(http_message(p)->headers_count, 0);
                }
                http_parser_free(p);
        }
        buffer_free(&whole);
        buffer_free(&kept);
        guarded_free(&g);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_conversations),
            cmocka_unit_test(test_keep),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
