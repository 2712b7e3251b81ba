// SPDX-License-Identifier: Apache-2.0
// Events are the same however their bytes are cut, lie in the limits, and have no line breaks but those of their data.
#include <assert.h>
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "proto/wire/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Appends each event to `out`, every piece in memory of its own.
static enum sse_next read_all(struct slice stream, size_t piece, struct buffer *out)
{
        struct sse_reader r;
        enum sse_next next = SSE_MORE;
        sse_init(&r);
        while (stream.n > 0 && next != SSE_BAD) {
                size_t n = piece < stream.n ? piece : stream.n;
                uint8_t *copy = malloc(n);
                assert(copy);
                memcpy(copy, stream.p, n);
                struct slice bytes = slice_of(copy, n);
                while ((next = sse_next(&r, &bytes)) == SSE_EVENT) {
                        struct slice parts[] = {buffer_slice(&r.name), buffer_slice(&r.data), buffer_slice(&r.last_id)};
                        for (size_t i = 0; i < 3; i++) {
                                assert(parts[i].n <= LIMIT_SSE && slice_find(parts[i], '\r') == parts[i].n);
                                assert(i == 1 || slice_find(parts[i], '\n') == parts[i].n);
                                assert(buffer_put(out, parts[i]) == 0 && buffer_put_byte(out, '\n') == 0);
                        }
                }
                assert(next == SSE_BAD || bytes.n == 0);
                stream = slice_from(stream, n);
                free(copy);
        }
        sse_free(&r);
        return next;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct buffer whole, cut;
        size_t piece = size > 0 ? data[0] % 7 + 1 : 1;
        buffer_init(&whole, (size_t)16 << 20);
        buffer_init(&cut, (size_t)16 << 20);
        enum sse_next of_whole = read_all(slice_of(data, size), size, &whole);
        enum sse_next of_cut = read_all(slice_of(data, size), piece, &cut);
        assert(of_whole == of_cut && slice_eq(buffer_slice(&whole), buffer_slice(&cut)));
        buffer_free(&whole);
        buffer_free(&cut);
        return 0;
}
