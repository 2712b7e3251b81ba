// SPDX-License-Identifier: Apache-2.0
// llhttp has found the end of the trailers. Checks each line as strictly as a header.
#include "proto/wire/http_trailers.h"

#include <stdlib.h>

#include "proto/wire/field.h"

void http_trailers_init(struct http_trailers *t)
{
        *t = (struct http_trailers){0};
        buffer_init(&t->text, LIMIT_HTTP_HEAD);
}

void http_trailers_reset(struct http_trailers *t)
{
        if (t->text.n > 0)
                http_trailers_free(t);
}

void http_trailers_free(struct http_trailers *t)
{
        buffer_free(&t->text);
        free(t->list);
        t->list = NULL;
        t->count = 0;
}

enum http_event http_trailers_add(struct http_trailers *t, struct slice piece)
{
        if (buffer_put(&t->text, piece) == 0)
                return HTTP_MORE;
        return t->text.no_memory ? HTTP_NO_MEMORY : HTTP_HEAD_TOO_LARGE;
}

static bool line_resolve(struct slice line, struct http_header *ret)
{
        size_t colon = slice_find(line, ':');
        ret->name = slice_head(line, colon);
        ret->value = slice_trim(slice_from(line, colon + 1));
        return colon < line.n && field_is_name(ret->name) && field_is_value(slice_from(line, colon + 1));
}

enum http_event http_trailers_resolve(struct http_trailers *t)
{
        struct slice rest = buffer_slice(&t->text);
        if (slice_eq(rest, SLICE("\r\n"))) // none, the usual case
                return HTTP_MORE;
        size_t lines = 0;
        for (size_t i = 0; i < rest.n; i++)
                lines += rest.p[i] == '\n';
        if (lines < 2) // a trailer and the blank line
                return HTTP_BAD;
        if (lines - 1 > LIMIT_HTTP_HEADERS_N)
                return HTTP_HEAD_TOO_LARGE;
        t->list = calloc(lines - 1, sizeof(*t->list));
        if (!t->list)
                return HTTP_NO_MEMORY;
        for (; t->count < lines - 1; t->count++) {
                size_t end = slice_find(rest, '\n');
                struct slice line = slice_head(rest, end);
                if (!slice_ends_with(line, SLICE("\r")) ||
                    !line_resolve(slice_head(line, line.n - 1), &t->list[t->count]))
                        return HTTP_BAD;
                rest = slice_from(rest, end + 1);
        }
        return slice_eq(rest, SLICE("\r\n")) ? HTTP_MORE : HTTP_BAD;
}
