// SPDX-License-Identifier: Apache-2.0
// Writes a body with Transfer-Encoding: chunked (RFC 9112, section 7.1).
#ifndef PROTO_WIRE_HTTP_CHUNK_H
#define PROTO_WIRE_HTTP_CHUNK_H

#include "proto/mem/buffer.h"
#include "proto/wire/http.h"

#define HTTP_CHUNK_HEAD_SIZE 18 // sixteen digits, CR LF

// For a writer that sends `n` > 0 bytes without copying them: writes and returns the line before the bytes. The caller
// sends CR LF after them.
struct slice http_chunk_head(size_t n, char out[HTTP_CHUNK_HEAD_SIZE]);

// Appends one chunk. No bytes: appends nothing, as an empty chunk would end the body. 0, or -1 with out->failed set.
MUST_CHECK int http_chunk_put(struct slice bytes, struct buffer *out);

// Appends the end of the body with its trailers. 0, or -1 with out->failed set, or -EINVAL: a name or a value that
// a header may not have; then nothing is appended.
MUST_CHECK int http_chunk_put_end(const struct http_header *trailers, size_t count, struct buffer *out);

#endif
