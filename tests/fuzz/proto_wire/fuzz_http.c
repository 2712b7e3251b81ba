// SPDX-License-Identifier: Apache-2.0
// The first byte chooses the side and how the rest is cut. Invariants: cut or whole, the same messages are read and
// the same input is refused; a message never reaches beyond what was taken; a body stays under its limit.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/http.h"

enum { BODY_MAX = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t mix(uint64_t hash, struct slice s)
{
        for (size_t i = 0; i < s.n; i++)
                hash = (hash ^ s.p[i]) * 1099511628211U;
        return (hash ^ s.n) * 1099511628211U;
}

static uint64_t mix_message(uint64_t hash, const struct http_message *m)
{
        hash = mix(mix(hash, m->method), m->target);
        for (size_t i = 0; i < m->headers_count; i++)
                hash = mix(mix(hash, m->headers[i].name), m->headers[i].value);
        assert(m->body.n <= BODY_MAX);
        hash = mix(hash, m->body) + (uint64_t)m->status;
        return hash * 8 + (m->keep_alive ? 4 : 0) + (m->is_1_0 ? 2 : 0) + (m->expects_continue ? 1 : 0);
}

static bool is_failure(enum http_parse result)
{
        return result == HTTP_BAD || result == HTTP_HEAD_TOO_LARGE || result == HTTP_BODY_TOO_LARGE ||
               result == HTTP_NO_MEMORY;
}

// What was read, in one number.
static uint64_t transcript(enum http_side side, struct slice bytes, size_t step)
{
        struct http_parser *p = http_parser_new(side, BODY_MAX);
        uint64_t hash = 14695981039346656037U;
        enum http_parse result = HTTP_MORE;
        if (!p)
                return 0;
        while (bytes.n > 0 && !is_failure(result)) {
                size_t taken = 0;
                size_t given = step < bytes.n ? step : bytes.n;
                result = http_parser_feed(p, slice_head(bytes, given), &taken);
                assert(taken <= given);
                assert(result != HTTP_MORE || taken == given);
                if (result == HTTP_DONE)
                        hash = mix_message(hash, http_message(p));
                if (result == HTTP_EXPECTS)
                        hash++;
                bytes = slice_from(bytes, taken);
        }
        if (!is_failure(result))
                result = http_parser_finish(p);
        if (result == HTTP_DONE)
                hash = mix_message(hash, http_message(p));
        else
                hash += 5;
        http_parser_free(p);
        return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size == 0)
                return 0;
        enum http_side side = data[0] & 1 ? HTTP_RESPONSES : HTTP_REQUESTS;
        size_t step = 1 + (size_t)(data[0] >> 1) % 16;
        struct slice bytes = {data + 1, size - 1};
        assert(transcript(side, bytes, size) == transcript(side, bytes, step));
        return 0;
}
