// SPDX-License-Identifier: Apache-2.0
// The recent events of the agent, numbered from 1, in limited memory: the oldest give way. It knows no readers. Each
// reader keeps its own position, and notices when events that it has not read are gone.
#ifndef SIDECAR_SERVER_EVENT_RING_H
#define SIDECAR_SERVER_EVENT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/mem/slice.h"
#include "proto/wire/limits.h"
#include "sidecar/base/error.h"

enum event_kind {
        EVENT_ROTATED,
        EVENT_REFRESH_FAILED,
        EVENT_EXPIRING,
        EVENT_EXPIRED,
        EVENT_CONFIG_RELOADED,
        EVENT_KIND_COUNT
};

// As in answers: "rotated", …
const char *event_kind_name(enum event_kind kind);

struct event {
        enum event_kind kind;
        enum error_kind error; // of EVENT_REFRESH_FAILED
        int64_t time_s;        // when it happened
        int64_t expires_s;     // of the credentials held; 0: none; CREDENTIALS_NEVER_EXPIRE
        uint64_t generation;   // likewise
        struct slice profile;  // empty: it is about the agent
};

enum { EVENT_RING_BLOCK = 16 * 1024, EVENT_RING_BLOCKS = LIMIT_EVENTS / EVENT_RING_BLOCK };

struct event_block;

// Zeroed, it is empty.
struct event_ring {
        struct event_block *blocks[EVENT_RING_BLOCKS]; // number `n` is at n % EVENT_RING_BLOCKS
        uint64_t first_block, next_block;              // numbers
        uint64_t before_first;                         // the number of the event before the oldest one kept
        uint64_t last;                                 // … of the newest one; 0: there was none yet
};

void event_ring_free(struct event_ring *r);

// Copies the event and numbers it. Without memory for it, the oldest events or this one are lost, which readers notice.
void event_ring_put(struct event_ring *r, const struct event *event);

// A position: after which event, and where that is in memory.
struct event_place {
        uint64_t after;
        uint64_t block;
        size_t offset;
};

// The place after the newest event, and the one before the oldest.
struct event_place event_ring_end(const struct event_ring *r);
struct event_place event_ring_begin(const struct event_ring *r);

// The place after an event by its number. False: there is no such event yet, or later ones are gone already.
bool event_ring_find(const struct event_ring *r, uint64_t after, struct event_place *ret);

enum event_next {
        EVENT_NEXT_IS,   // *ret is the next event, and the place is after it
        EVENT_NEXT_NONE, // there is none yet
        EVENT_NEXT_GONE  // it is gone; the place stays
};
// *ret borrows its texts until the next event_ring_put().
enum event_next event_ring_next(const struct event_ring *r, struct event_place *place, struct event *ret);

#endif
