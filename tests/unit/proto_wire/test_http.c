// SPDX-License-Identifier: Apache-2.0
// Each conversation is read as whole messages and as events, in one piece, cut in two at every byte, and byte by byte,
// out of memory that ends at an unmapped page and is overwritten after each read: all ways must give the same.
#include "proto/wire/http_whole.h"

#include "proto/mem/buffer.h"
#include "tests/unit/proto_wire/guarded.h"

enum { BODY_MAX = 64 };

// --- what was read, as text ---

static void put_head(struct buffer *out, const struct http_head *h)
{
        if (h->status)
                (void)buffer_printf(out, "%d", h->status);
        (void)buffer_put(out, h->method);
        (void)buffer_put_byte(out, ' ');
        (void)buffer_put(out, h->target);
        for (size_t i = 0; i < h->headers_count; i++) {
                (void)buffer_put_byte(out, '|');
                (void)buffer_put(out, h->headers[i].name);
                (void)buffer_put_byte(out, '=');
                (void)buffer_put(out, h->headers[i].value);
        }
        (void)buffer_put_str(out, h->keep_alive ? "|keep" : "|close");
        if (h->is_1_0)
                (void)buffer_put_str(out, "|1.0");
        if (h->expects_continue)
                (void)buffer_put_str(out, "|expects");
        (void)buffer_put_byte(out, '|');
}

static void put_message(struct buffer *out, const struct http_message *m)
{
        put_head(out, m->head);
        (void)buffer_put(out, m->body);
        (void)buffer_put_byte(out, '\n');
}

static const char *failure_name(enum http_event event)
{
        switch (event) {
        case HTTP_BAD:
                return "BAD";
        case HTTP_HEAD_TOO_LARGE:
                return "HEAD";
        case HTTP_BODY_TOO_LARGE:
                return "BODY";
        default:
                return "?";
        }
}

// --- the two ways to read; false after a failure ---

struct reader {
        struct http_whole *whole;
        struct http_parser *parser;
        struct buffer body; // of the message that the parser is in
        struct buffer *out;
};

static bool read_whole(struct reader *r, struct slice bytes)
{
        while (bytes.n > 0) {
                enum http_event event = http_whole_next(r->whole, &bytes);
                if (event == HTTP_END) {
                        put_message(r->out, http_whole_message(r->whole));
                } else if (event == HTTP_EXPECTS) {
                        (void)buffer_put_str(r->out, "EXPECTS ");
                } else if (event != HTTP_MORE) {
                        (void)buffer_put_str(r->out, failure_name(event));
                        struct slice rest = bytes;
                        assert_int_equal(http_whole_next(r->whole, &bytes), event); // stays so
                        assert_int_equal(rest.n, bytes.n);
                        return false;
                } else {
                        assert_int_equal(bytes.n, 0);
                }
        }
        return true;
}

// The head is reported at the end of its message: it has to be as it was.
static bool read_event(struct reader *r, enum http_event event, struct slice given)
{
        const struct http_head *head = http_parser_head(r->parser);
        struct slice piece = http_parser_body(r->parser);
        switch (event) {
        case HTTP_HEAD_DONE:
                buffer_reset(&r->body);
                if (head->content_length > BODY_MAX)
                        (void)buffer_put_str(r->out, "BODY");
                else if (head->expects_continue)
                        (void)buffer_put_str(r->out, "EXPECTS ");
                return head->content_length <= BODY_MAX;
        case HTTP_BODY_PIECE:
                assert_true(piece.n > 0 && piece.p >= given.p && piece.p + piece.n <= given.p + given.n);
                if (buffer_put(&r->body, piece) == 0)
                        return true;
                (void)buffer_put_str(r->out, "BODY");
                return false;
        case HTTP_END:
                put_message(r->out, &(struct http_message){head, buffer_slice(&r->body)});
                return true;
        default:
                (void)buffer_put_str(r->out, failure_name(event));
                return false;
        }
}

static bool read_events(struct reader *r, struct slice bytes)
{
        for (;;) {
                struct slice given = bytes;
                enum http_event event = http_parser_next(r->parser, &bytes);
                assert_true(bytes.n <= given.n && bytes.p + bytes.n == given.p + given.n);
                if (event == HTTP_MORE) {
                        assert_int_equal(bytes.n, 0);
                        return true;
                }
                if (!read_event(r, event, given))
                        return false;
        }
}

struct conversation {
        const char *name;
        const char *bytes;
        const char *expected; // messages, then a failure; "INSIDE" when one has begun
        enum http_side side;
};

struct way {
        const char *name;
        bool (*read)(struct reader *r, struct slice bytes);
};

static void read_pieces(const struct conversation *c, const struct way *way, const struct guarded *g,
                        const size_t *cuts, size_t cuts_count)
{
        struct slice all = slice_str(c->bytes);
        struct buffer out;
        buffer_init(&out, 65536);
        struct reader r = {http_whole_new(c->side, BODY_MAX), http_parser_new(c->side), {0}, &out};
        assert_non_null(r.whole);
        assert_non_null(r.parser);
        buffer_init(&r.body, BODY_MAX);
        bool good = true;
        size_t at = 0;
        for (size_t i = 0; good && i <= cuts_count; i++) {
                size_t end = i < cuts_count ? cuts[i] : all.n;
                good = way->read(&r, guarded_put(g, slice_of(all.p + at, end - at)));
                at = end;
        }
        if (good && (http_whole_is_inside(r.whole) || http_parser_is_inside(r.parser)))
                (void)buffer_put_str(&out, "INSIDE");
        const char *text = buffer_c_str(&out);
        assert_non_null(text);
        if (strcmp(text, c->expected) != 0)
                fail_msg("%s, %s, %zu cuts, the first at %zu: read \"%s\", not \"%s\"", c->name, way->name, cuts_count,
                         cuts_count ? cuts[0] : 0, text, c->expected);
        http_whole_free(r.whole);
        http_parser_free(r.parser);
        buffer_free(&r.body);
        buffer_free(&out);
}

static const struct conversation conversations[] = {
    {"get", "GET /a?b=c HTTP/1.1\r\nHost: x\r\nA:b\r\n\r\n", "GET /a?b=c|Host=x|A=b|keep|\n", HTTP_REQUESTS},
    {"no headers", "GET / HTTP/1.1\r\n\r\n", "GET /|keep|\n", HTTP_REQUESTS},
    {"blanks around values", "GET / HTTP/1.1\r\nA: \t b c \t\r\nB:\r\nC:  \r\n\r\n", "GET /|A=b c|B=|C=|keep|\n",
     HTTP_REQUESTS},
    {"empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n\r\n\r\n", "GET /|keep|\n", HTTP_REQUESTS},
    {"close", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "GET /|Connection=close|close|\n", HTTP_REQUESTS},
    {"1.0", "GET / HTTP/1.0\r\n\r\n", "GET /|close|1.0|\n", HTTP_REQUESTS},
    {"1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET /|Connection=Keep-Alive|keep|1.0|\n",
     HTTP_REQUESTS},
    {"body", "POST /s HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "POST /s|Content-Length=5|keep|hello\n",
     HTTP_REQUESTS},
    {"empty body", "POST /s HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "POST /s|Content-Length=0|keep|\n", HTTP_REQUESTS},
    {"chunks",
     "POST /s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\nTrailer: t\r\n\r\n",
     "POST /s|Transfer-Encoding=chunked|keep|abcdefgh\n", HTTP_REQUESTS},
    {"no chunk", "POST /s HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
     "POST /s|Transfer-Encoding=Chunked|keep|\n", HTTP_REQUESTS},
    {"pipeline",
     "GET /1 HTTP/1.1\r\nA: b\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nxyPOST /3 HTTP/1.1\r\n"
     "Transfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\nGET /4 HTTP/1.1\r\n\r\n",
     "GET /1|A=b|keep|\nPOST /2|Content-Length=2|keep|xy\nPOST /3|Transfer-Encoding=chunked|keep|z\nGET /4|keep|\n",
     HTTP_REQUESTS},
    {"after close", "GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", "GET /1|close|1.0|\nGET /2|keep|\n",
     HTTP_REQUESTS},
    {"upgrade is not taken up", "GET /1 HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
     "GET /1|Connection=upgrade|Upgrade=h2c|keep|\nGET /2|keep|\n", HTTP_REQUESTS},
    {"connect", "CONNECT a:1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", "CONNECT a:1|keep|\nGET /2|keep|\n",
     HTTP_REQUESTS},
    {"connect with a body", "CONNECT a:1 HTTP/1.1\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
     "CONNECT a:1|Content-Length=18|keep|GET / HTTP/1.1\r\n\r\n\n", HTTP_REQUESTS},
    {"connect with chunks",
     "CONNECT a:1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
     "CONNECT a:1|Transfer-Encoding=chunked|keep|a\nGET /|keep|\n", HTTP_REQUESTS},
    {"expects", "POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc",
     "EXPECTS POST /|Expect=100-Continue|Content-Length=3|keep|expects|abc\n", HTTP_REQUESTS},
    {"expects chunks",
     "POST / HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     "EXPECTS POST /|Expect=100-continue|Transfer-Encoding=chunked|keep|expects|ab\n", HTTP_REQUESTS},
    {"expects, no body", "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
     "POST /|Expect=100-continue|Content-Length=0|keep|\n", HTTP_REQUESTS},
    {"1.0 cannot expect", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
     "POST /|Expect=100-continue|Content-Length=1|close|1.0|a\n", HTTP_REQUESTS},
    {"unfinished head", "GET / HTTP/1.1\r\nA: b\r\n", "INSIDE", HTTP_REQUESTS},
    {"unfinished body", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", "INSIDE", HTTP_REQUESTS},
    {"body at the limit",
     "POST / HTTP/1.1\r\nContent-Length: 64\r\n\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "POST /|Content-Length=64|keep|0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", HTTP_REQUESTS},
    {"body over the limit", "POST / HTTP/1.1\r\nContent-Length: 65\r\n\r\n", "BODY", HTTP_REQUESTS},
    {"chunks over the limit",
     "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n0123456789abcdef0123456789abcdef\r\n"
     "21\r\n0123456789abcdef0123456789abcdef0\r\n",
     "BODY", HTTP_REQUESTS},
    {"folded trailer", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n c\r\n\r\n", "BAD",
     HTTP_REQUESTS},
    {"folded trailer without a value", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA:\r\n c\r\n\r\n",
     "BAD", HTTP_REQUESTS},
    {"blank before a trailer's colon", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA : b\r\n\r\n", "BAD",
     HTTP_REQUESTS},
    {"trailer without a colon", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAbc\r\n\r\n", "BAD",
     HTTP_REQUESTS},
    {"trailer without a name", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n: b\r\n\r\n", "BAD",
     HTTP_REQUESTS},
    {"LF alone after a trailer", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\n\r\n", "BAD",
     HTTP_REQUESTS},
    {"CR alone in a trailer", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\rc\r\n\r\n", "BAD",
     HTTP_REQUESTS},
    {"control byte in a trailer", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: \x01\r\n\r\n", "BAD",
     HTTP_REQUESTS},
    {"length and chunks", "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "BAD",
     HTTP_REQUESTS},
    {"chunks and length", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "BAD",
     HTTP_REQUESTS},
    {"another coding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"a coding alone", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"1.0 with chunks", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"two lengths", "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"signed length", "POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"huge length", "POST / HTTP/1.1\r\nContent-Length: 18446744073709551617\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"folded", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"folded after nothing", "GET / HTTP/1.1\r\nA:\r\n c\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"blank before colon", "GET / HTTP/1.1\r\nA : b\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"blank in a name", "GET / HTTP/1.1\r\nA c: b\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"blank before a name", "GET / HTTP/1.1\r\n A: b\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"no name", "GET / HTTP/1.1\r\n: b\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"no colon", "GET / HTTP/1.1\r\nabc\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"DEL in a short target", "GET /a\x7f HTTP/1.1\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"DEL in a long target",
     "GET /aaaaaaaaaa\x7f"
     "aaaaaaaaaa HTTP/1.1\r\n\r\n",
     "BAD", HTTP_REQUESTS},
    {"control byte in a value", "GET / HTTP/1.1\r\nA: \x01\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"LF alone", "GET / HTTP/1.1\nA: b\n\n", "BAD", HTTP_REQUESTS},
    {"LF alone after a value", "GET / HTTP/1.1\r\nA: b\n\r\n", "BAD", HTTP_REQUESTS},
    {"CR alone after a value", "GET / HTTP/1.1\r\nA: b\rB: c\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"CR alone at the end", "GET / HTTP/1.1\r\nA: b\r\n\rX", "BAD", HTTP_REQUESTS},
    {"two blanks before the version", "GET /  HTTP/1.1\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"target is not ASCII", "GET /\xc3\xa9 HTTP/1.1\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"0.9", "GET /\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"2.0", "GET / HTTP/2.0\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"unknown method", "FOO / HTTP/1.1\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"TLS hello", "\x16\x03\x01\x02", "BAD", HTTP_REQUESTS},
    {"a response", "HTTP/1.1 200 OK\r\n\r\n", "BAD", HTTP_REQUESTS},
    {"response", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "200 |Content-Length=2|keep|{}\n", HTTP_RESPONSES},
    {"responses",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\nHTTP/1.1 503 X Y\r\n"
     "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
     "100 |keep|\n304 |ETag=\"1\"|keep|\n503 |Connection=close|Transfer-Encoding=chunked|close|abc\n", HTTP_RESPONSES},
    {"response that ends with the connection", "HTTP/1.1 200 OK\r\nA: b\r\n\r\nabc", "INSIDE", HTTP_RESPONSES},
    {"switching protocols", "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\nHTTP/1.1 204 X\r\n\r\n",
     "101 |Connection=upgrade|Upgrade=a|keep|\n204 |keep|\n", HTTP_RESPONSES},
    {"response without reason", "HTTP/1.1 204 \r\n\r\n", "204 |keep|\n", HTTP_RESPONSES},
    {"response with length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
     "BAD", HTTP_RESPONSES},
};

static void test_conversations(void **state)
{
        (void)state;
        static const struct way ways[] = {{"whole messages", read_whole}, {"events", read_events}};
        struct guarded g = guarded_new(GUARDED_PAGE);
        for (size_t i = 0; i < LENGTH(conversations) * LENGTH(ways); i++) {
                const struct conversation *c = &conversations[i / LENGTH(ways)];
                const struct way *way = &ways[i % LENGTH(ways)];
                size_t n = strlen(c->bytes);
                size_t each[512];
                assert_true(n < LENGTH(each));
                read_pieces(c, way, &g, NULL, 0);
                for (size_t cut = 0; cut <= n; cut++)
                        read_pieces(c, way, &g, &cut, 1);
                for (size_t k = 0; k < n; k++)
                        each[k] = k;
                read_pieces(c, way, &g, each, n);
        }
        guarded_free(&g);
}

static void test_keep(void **state)
{
        (void)state;
        struct guarded g = guarded_new(GUARDED_PAGE);
        struct buffer whole;
        struct buffer kept;
        buffer_init(&whole, 65536);
        buffer_init(&kept, 65536);
        for (size_t i = 0; i < LENGTH(conversations); i++) {
                const struct conversation *c = &conversations[i];
                struct slice bytes = guarded_put(&g, slice_str(c->bytes));
                struct http_whole *w = http_whole_new(c->side, BODY_MAX);
                assert_non_null(w);
                if (http_whole_next(w, &bytes) == HTTP_END) {
                        buffer_reset(&whole);
                        buffer_reset(&kept);
                        put_message(&whole, http_whole_message(w));
                        assert_int_equal(http_whole_keep(w), 0);
                        memset(g.memory, '~', g.size);
                        put_message(&kept, http_whole_message(w));
                        assert_true(slice_eq(buffer_slice(&whole), buffer_slice(&kept)));
                        // and the next message is read as ever
                        bytes = guarded_put(&g, SLICE("HTTP/1.1 204 X\r\n\r\n"));
                        if (c->side == HTTP_REQUESTS)
                                bytes = guarded_put(&g, SLICE("GET /next HTTP/1.1\r\n\r\n"));
                        assert_int_equal(http_whole_next(w, &bytes), HTTP_END);
                        assert_int_equal(http_whole_message(w)->head->headers_count, 0);
                }
                http_whole_free(w);
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
