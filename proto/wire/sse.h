// SPDX-License-Identifier: Apache-2.0
// Reads server-sent events (text/event-stream, HTML standard 9.2.6): the caller gives bytes as they come and pulls
// events, no I/O.
#ifndef PROTO_WIRE_SSE_H
#define PROTO_WIRE_SSE_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

enum sse_next {
        SSE_MORE,  // all bytes are consumed; call again with the next ones
        SSE_EVENT, // the members of the reader are that of an event
        SSE_BAD    // a line or an event is larger than LIMIT_SSE, or out of memory; permanent
};

struct sse_reader {
        struct buffer name;    // of the event: the field `event`; empty: not given, which means "message"
        struct buffer data;    // of the event
        struct buffer last_id; // of this event, or the last one that was given; also moved by blocks without data
        // the reader's own
        struct buffer line, id;
        bool has_begun; // the first line has been read
        bool skips_lf;  // after a CR
        bool has_data;  // maybe of no bytes
        bool is_over;   // the event in `name` and `data` was returned
};

void sse_init(struct sse_reader *r);
void sse_free(struct sse_reader *r);

// Reads the next event from `bytes`, and removes what it has consumed.
MUST_CHECK enum sse_next sse_next(struct sse_reader *r, struct slice *bytes);

#endif
