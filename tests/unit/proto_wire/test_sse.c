// SPDX-License-Identifier: Apache-2.0
// Streams of server-sent events as the HTML standard reads them, in one piece and byte by byte.
#include <stdio.h>
#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "proto/wire/sse.h"
#include "tests/unit/unit.h"

// Appends "name|data|id;" for each event; at the end "!" if the stream was refused.
static void read_all(const char *stream, size_t n, size_t piece, char *out, size_t size)
{
        struct sse_reader r;
        enum sse_next next = SSE_MORE;
        size_t at = 0;
        sse_init(&r);
        for (size_t i = 0; i < n && next != SSE_BAD; i += piece) {
                size_t take = piece < n - i ? piece : n - i;
                uint8_t *copy = malloc(take); // so that reads beyond it are noticed
                assert_non_null(copy);
                memcpy(copy, stream + i, take);
                struct slice bytes = slice_of(copy, take);
                while ((next = sse_next(&r, &bytes)) == SSE_EVENT)
                        at += (size_t)snprintf(out + at, size - at, "%.*s|%.*s|%.*s;", (int)r.name.n,
                                               (const char *)r.name.p, (int)r.data.n, (const char *)r.data.p,
                                               (int)r.last_id.n, (const char *)r.last_id.p);
                assert_true(next == SSE_BAD || bytes.n == 0);
                free(copy);
        }
        snprintf(out + at, size - at, "%s", next == SSE_BAD ? "!" : "");
        sse_free(&r);
}

static void reads_events_as_the_standard_does(void **state)
{
        (void)state;
        static const struct {
                const char *stream, *events;
        } rows[] = {
            {"data: a\n\n", "|a|;"},
            {"event: rotated\nid: 7\ndata: {}\n\n", "rotated|{}|7;"},
            {"data:a\n\ndata:  a\n\n", "|a|;| a|;"},
            {"data: a\r\n\r\ndata: b\r\rdata: c\n\n", "|a|;|b|;|c|;"},
            {"data: a\ndata: b\n\n", "|a\nb|;"},
            {"data\n\n", "||;"},
            {"data:\n\n", "||;"},
            {"data\ndata\n\n", "|\n|;"},
            {": a comment\n\n:\ndata: a\n\n", "|a|;"},
            {"\xef\xbb\xbf"
             "data: a\n\n",
             "|a|;"},
            {"data: a\n\n\xef\xbb\xbf"
             "data: b\n\n",
             "|a|;"},
            {"retry: 10\nother: x\ndata: a\n\n", "|a|;"},
            {"event: a\n\ndata: b\n\n", "|b|;"},
            {"event: a\nevent: b\ndata: c\n\n", "b|c|;"},
            {"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", "|a|1;|b|1;|c|;"},
            {"id: 1\n\ndata: a\n\n", "|a|1;"},
            {"data: a: b\n\n", "|a: b|;"},
            {"data: not ended\n", ""},
            {"data: a\n\ndata: cut", "|a|;"},
            {"\n\n\n", ""},
            {"Data: a\n\n", ""},
            {" data: a\n\n", ""},
        };
        char got[256];
        for (size_t i = 0; i < LENGTH(rows); i++) {
                static const size_t pieces[] = {1, 2, 3, 1000};
                for (size_t k = 0; k < LENGTH(pieces); k++) {
                        read_all(rows[i].stream, strlen(rows[i].stream), pieces[k], got, sizeof(got));
                        assert_string_equal(got, rows[i].events);
                }
        }
}

static void ignores_an_id_with_a_nul(void **state)
{
        (void)state;
        static const char stream[] = "id: 1\ndata: a\n\nid: 2\0003\ndata: b\n\n";
        char got[64];
        read_all(stream, sizeof(stream) - 1, 5, got, sizeof(got));
        assert_string_equal(got, "|a|1;|b|1;");
}

static void refuses_what_is_too_large(void **state)
{
        (void)state;
        enum { MORE = 64 * 1024 };
        char *stream = malloc(3 * MORE), *got = malloc(3 * MORE);
        assert_true(stream && got);
        memset(stream, 'x', 3 * MORE);
        memcpy(stream, "data: ", 6);
        memcpy(stream + MORE, "\n\n", 2); // the longest line
        read_all(stream, MORE + 2, 1000, got, 3 * MORE);
        assert_int_equal(strlen(got), MORE - 6 + 3);
        read_all(stream + MORE + 2, MORE + 1, 1000, got, 3 * MORE);
        assert_string_equal(got, "!");
        memset(stream, 'x', 3 * MORE);
        memcpy(stream, "data: ", 6);
        memcpy(stream + MORE - 100, "\ndata: ", 7); // short lines of a long event
        memcpy(stream + 2 * MORE - 200, "\n\n", 2);
        read_all(stream, 2 * MORE, 1000, got, 3 * MORE);
        assert_string_equal(got, "!");
        free(stream);
        free(got);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_events_as_the_standard_does),
            cmocka_unit_test(ignores_an_id_with_a_nul),
            cmocka_unit_test(refuses_what_is_too_large),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
