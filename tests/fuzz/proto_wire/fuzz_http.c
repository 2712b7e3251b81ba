// SPDX-License-Identifier: Apache-2.0
// The first byte chooses the side and how the rest is cut. Invariants: cut or whole, by events or as whole messages,
// the same messages are read and the same input is refused; a piece of a body lies in what was given; a body stays
// under its limit.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/http_whole.h"

enum { BODY_MAX = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct transcript {
        uint64_t hash; // of the messages that were read
        bool is_refused;
        bool is_inside; // a message has begun
};

static uint64_t mix(uint64_t hash, struct slice s)
{
        for (size_t i = 0; i < s.n; i++)
                hash = (hash ^ s.p[i]) * 1099511628211U;
        return (hash ^ s.n) * 1099511628211U;
}

static uint64_t mix_message(uint64_t hash, const struct http_head *h, struct slice body)
{
        hash = mix(mix(hash, h->method), h->target);
        for (size_t i = 0; i < h->headers_count; i++)
                hash = mix(mix(hash, h->headers[i].name), h->headers[i].value);
        hash = mix(hash, body) + (uint64_t)h->status;
        return hash * 8 + (h->keep_alive ? 4 : 0) + (h->is_1_0 ? 2 : 0) + (h->expects_continue ? 1 : 0);
}

static struct transcript read_whole(enum http_side side, struct slice bytes, size_t step)
{
        struct http_whole *w = http_whole_new(side, BODY_MAX);
        struct transcript t = {0};
        assert(w);
        while (bytes.n > 0 && !t.is_refused) {
                struct slice rest = slice_head(bytes, step);
                enum http_event event = http_whole_next(w, &rest);
                if (event == HTTP_END) {
                        const struct http_message *m = http_whole_message(w);
                        assert(m->body.n <= BODY_MAX);
                        t.hash = mix_message(t.hash, m->head, m->body);
                }
                assert(event != HTTP_MORE || rest.n == 0);
                t.is_refused = event != HTTP_MORE && event != HTTP_END && event != HTTP_EXPECTS;
                bytes = slice_of(rest.p, (size_t)(bytes.p + bytes.n - rest.p));
        }
        t.is_inside = http_whole_is_inside(w);
        http_whole_free(w);
        return t;
}

// Joins the pieces of a body; false when it is too large.
static bool add_piece(struct http_parser *p, struct slice given, uint8_t *body, size_t *n)
{
        struct slice piece = http_parser_body(p);
        assert(piece.n > 0 && piece.p >= given.p && piece.p + piece.n <= given.p + given.n);
        if (piece.n > BODY_MAX - *n)
                return false;
        memcpy(body + *n, piece.p, piece.n);
        *n += piece.n;
        return true;
}

static struct transcript read_events(enum http_side side, struct slice bytes, size_t step)
{
        struct http_parser *p = http_parser_new(side);
        struct transcript t = {0};
        uint8_t body[BODY_MAX];
        size_t n = 0;
        assert(p);
        while (bytes.n > 0 && !t.is_refused) {
                struct slice given = slice_head(bytes, step);
                struct slice rest = given;
                enum http_event event = HTTP_END;
                while (event != HTTP_MORE && !t.is_refused) {
                        event = http_parser_next(p, &rest);
                        if (event == HTTP_HEAD_DONE) {
                                n = 0;
                                t.is_refused = http_parser_head(p)->content_length > BODY_MAX;
                        } else if (event == HTTP_BODY_PIECE) {
                                t.is_refused = !add_piece(p, given, body, &n);
                        } else if (event == HTTP_END) {
                                t.hash = mix_message(t.hash, http_parser_head(p), slice_of(body, n));
                        } else {
                                t.is_refused = event != HTTP_MORE;
                        }
                }
                bytes = slice_from(bytes, given.n);
        }
        t.is_inside = http_parser_is_inside(p);
        http_parser_free(p);
        return t;
}

static void assert_same(struct transcript a, struct transcript b)
{
        assert(a.hash == b.hash && a.is_refused == b.is_refused);
        assert(a.is_refused || a.is_inside == b.is_inside);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size == 0)
                return 0;
        enum http_side side = data[0] & 1 ? HTTP_RESPONSES : HTTP_REQUESTS;
        size_t step = 1 + (size_t)(data[0] >> 1) % 16;
        struct slice bytes = {data + 1, size - 1};
        struct transcript whole = read_whole(side, bytes, size);
        assert_same(whole, read_whole(side, bytes, step));
        assert_same(whole, read_events(side, bytes, size));
        assert_same(whole, read_events(side, bytes, step));
        return 0;
}
