// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/http_chunk.h"

#include <errno.h>

#include "proto/wire/field.h"

struct slice http_chunk_head(size_t n, char out[HTTP_CHUNK_HEAD_SIZE])
{
        size_t at = HTTP_CHUNK_HEAD_SIZE - 2;
        out[at] = '\r';
        out[at + 1] = '\n';
        for (; n > 0; n >>= 4)
                out[--at] = "0123456789abcdef"[n & 15];
        return slice_of(out + at, HTTP_CHUNK_HEAD_SIZE - at);
}

int http_chunk_put(struct slice bytes, struct buffer *out)
{
        char head[HTTP_CHUNK_HEAD_SIZE];
        if (bytes.n == 0)
                return 0;
        (void)buffer_put(out, http_chunk_head(bytes.n, head));
        (void)buffer_put(out, bytes);
        return buffer_put(out, SLICE("\r\n"));
}

int http_chunk_put_end(const struct http_header *trailers, size_t count, struct buffer *out)
{
        for (size_t i = 0; i < count; i++)
                if (!field_is_name(trailers[i].name) || !field_is_value(trailers[i].value))
                        return -EINVAL;
        (void)buffer_put(out, SLICE("0\r\n"));
        for (size_t i = 0; i < count; i++) {
                (void)buffer_put(out, trailers[i].name);
                (void)buffer_put(out, SLICE(": "));
                (void)buffer_put(out, trailers[i].value);
                (void)buffer_put(out, SLICE("\r\n"));
        }
        return buffer_put(out, SLICE("\r\n"));
}
