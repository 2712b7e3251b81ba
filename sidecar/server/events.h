// SPDX-License-Identifier: Apache-2.0
// The recent events, and the streams that report them: those of GET /v1/events (handlers_events.c). A stream reads the
// ring at its own pace, in its turns; nothing is queued for it.
#ifndef SIDECAR_SERVER_EVENTS_H
#define SIDECAR_SERVER_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "sidecar/server/event_ring.h"

struct buffer;
struct exchange;
struct server;

// So long after the last piece, a stream whose reader has taken it gets a comment; one whose reader has not is dropped.
enum { EVENTS_QUIET_MS = 15000 };

struct event_stream {
        struct exchange *exchange;
        struct event_place place;
        uint64_t known;      // the number of the last event that the reader knows of
        int64_t touched_ms;  // boot clock: when something was written last
        bool is_full;        // the reader has not taken what was written
        bool is_waiting;     // it has read the ring to its end
        bool wants_comment;  // nothing was written for EVENTS_QUIET_MS
        struct slice *names; // of profiles; all others are left out. Of the exchange's arena
        size_t names_count;  // 0: all profiles
        TAILQ_ENTRY(event_stream) by_touch, waiting;
};

TAILQ_HEAD(event_streams, event_stream);

struct events {
        struct event_ring ring;
        struct event_streams streams; // all; the one that was touched longest ago first
        struct event_streams waiting;
        uv_timer_t timer; // for the first of `streams`
        size_t count;     // of streams
        uint64_t dropped; // streams of slow readers
        uint64_t published[EVENT_KIND_COUNT];
};

void events_init(struct server *s);
void events_close(struct server *s); // when there are no streams any more
void events_free(struct server *s);

// For streams. A stream joins once, is touched after each write, waits when it has read everything, and leaves.
void events_join(struct event_stream *stream);
void events_touch(struct event_stream *stream);
void events_wait(struct event_stream *stream);
void events_leave(struct event_stream *stream);

// Appends the metrics.
void events_write_metrics(const struct events *events, struct buffer *out);

#endif
