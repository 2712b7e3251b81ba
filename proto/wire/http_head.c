// SPDX-License-Identifier: Apache-2.0
// Refuses what llhttp accepts in its lenient builds, and folded lines.
#include "proto/wire/http_head.h"

bool http_span_add(struct http_span *s, uint32_t at, size_t n)
{
        if (s->n == 0)
                s->at = at;
        else if (s->at + s->n != at)
                return false;
        s->n += (uint32_t)n;
        return true;
}

static bool has_bytes_at(struct slice head, size_t at, struct slice expected)
{
        return slice_starts_with(slice_from(head, at), expected);
}

// Visible ASCII, eight bytes at a time: a byte below '!' borrows from its high bit, one above '~' carries into it.
static bool is_target(struct slice target)
{
        const uint64_t ones = UINT64_C(0x0101010101010101);
        const uint64_t high = ones * 0x80;
        bool good = target.n > 0;
        while (target.n >= sizeof(uint64_t)) {
                uint64_t word;
                memcpy(&word, target.p, sizeof(word));
                good &= (((word - ones * '!') | (word + ones) | word) & high) == 0;
                target = slice_from(target, sizeof(word));
        }
        for (size_t i = 0; i < target.n; i++)
                good &= target.p[i] > ' ' && target.p[i] < 0x7f;
        return good;
}

// Sets one header and where its line ends (before CR LF). False when it is not "name:", blanks, the value, CR LF.
static bool line_resolve(struct slice head, const struct http_line *line, struct http_header *ret, size_t *ret_end)
{
        struct slice name = {head.p + line->name.at, line->name.n};
        size_t at = line->name.at + line->name.n;
        if (name.n == 0 || memchr(name.p, ' ', name.n) || at >= head.n || head.p[at] != ':')
                return false;
        at++;
        while (at < head.n && (head.p[at] == ' ' || head.p[at] == '\t'))
                at++;
        if (line->value.n > 0 && line->value.at != at)
                return false;
        *ret_end = at + line->value.n;
        struct slice value = {head.p + at, line->value.n};
        while (value.n > 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
                value.n--;
        *ret = (struct http_header){name, value};
        return has_bytes_at(head, *ret_end, SLICE("\r\n"));
}

bool http_spans_resolve(const struct http_spans *spans, struct slice bytes, struct http_head *head)
{
        size_t end = 0;
        if (spans->is_request) {
                head->target = (struct slice){bytes.p + spans->target.at, spans->target.n};
                end = spans->target.at + spans->target.n;
                struct slice version = head->is_1_0 ? SLICE(" HTTP/1.0\r\n") : SLICE(" HTTP/1.1\r\n");
                if (!is_target(head->target) || !has_bytes_at(bytes, end, version))
                        return false;
                end += version.n - 2;
        }
        head->headers_count = spans->lines_count;
        for (size_t i = 0; i < spans->lines_count; i++)
                if (!line_resolve(bytes, &spans->lines[i], &head->headers[i], &end))
                        return false;
        return end == 0 || slice_eq(slice_from(bytes, end), SLICE("\r\n\r\n"));
}

struct slice http_head_get(const struct http_head *head, struct slice name)
{
        for (size_t i = 0; i < head->headers_count; i++)
                if (head->headers[i].name.n == name.n && slice_eq_ignore_case(head->headers[i].name, name))
                        return head->headers[i].value;
        return (struct slice){0};
}
