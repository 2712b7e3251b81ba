// SPDX-License-Identifier: Apache-2.0
// A queue of blocks with records of different lengths. A block is freed as a whole.
#include "sidecar/server/event_ring.h"

#include <assert.h>
#include <stdlib.h>

struct event_block {
        uint64_t before; // the number of the event before its first
        size_t used;
        uint8_t bytes[EVENT_RING_BLOCK - 2 * sizeof(uint64_t)];
};

struct record {
        int64_t time_s, expires_s;
        uint64_t generation;
        uint8_t kind, error, profile_n;
        // followed by the name
};

_Static_assert(LIMIT_PROFILE_NAME <= UINT8_MAX, "profile_n is one byte");
_Static_assert(sizeof(struct event_block) == EVENT_RING_BLOCK, "padding");

const char *event_kind_name(enum event_kind kind)
{
        static const char *const names[] = {"rotated", "refresh_failed", "expiring", "expired", "config_reloaded"};
        _Static_assert(sizeof(names) / sizeof(names[0]) == EVENT_KIND_COUNT, "name every event_kind");
        return names[kind];
}

static struct event_block *block_at(const struct event_ring *r, uint64_t number)
{
        return r->blocks[number % EVENT_RING_BLOCKS];
}

static bool is_kept(const struct event_ring *r, uint64_t number)
{
        return number >= r->first_block && number < r->next_block;
}

// Takes the oldest block out.
static struct event_block *take_first(struct event_ring *r)
{
        struct event_block *b = block_at(r, r->first_block);
        r->blocks[r->first_block % EVENT_RING_BLOCKS] = NULL;
        r->first_block++;
        r->before_first = is_kept(r, r->first_block) ? block_at(r, r->first_block)->before : r->last;
        return b;
}

void event_ring_free(struct event_ring *r)
{
        while (r->first_block < r->next_block)
                free(take_first(r));
}

// NULL: out of memory, and nothing is left that could give way.
static struct event_block *add_block(struct event_ring *r)
{
        struct event_block *b = NULL;
        bool is_full = r->next_block - r->first_block == EVENT_RING_BLOCKS;
        if (!is_full)
                b = malloc(sizeof(*b));
        if (!b && r->first_block < r->next_block)
                b = take_first(r);
        if (!b)
                return NULL;
        b->before = r->last;
        b->used = 0;
        r->blocks[r->next_block++ % EVENT_RING_BLOCKS] = b;
        return b;
}

void event_ring_put(struct event_ring *r, const struct event *event)
{
        assert(event->profile.n <= LIMIT_PROFILE_NAME);
        const struct record record = {.time_s = event->time_s,
                                      .expires_s = event->expires_s,
                                      .generation = event->generation,
                                      .kind = (uint8_t)event->kind,
                                      .error = (uint8_t)event->error,
                                      .profile_n = (uint8_t)event->profile.n};
        struct event_block *b = r->first_block < r->next_block ? block_at(r, r->next_block - 1) : NULL;
        if (!b || sizeof(record) + record.profile_n > sizeof(b->bytes) - b->used)
                b = add_block(r);
        r->last++;
        if (!b) {
                r->before_first = r->last;
                return;
        }
        memcpy(b->bytes + b->used, &record, sizeof(record));
        if (record.profile_n > 0)
                memcpy(b->bytes + b->used + sizeof(record), event->profile.p, record.profile_n);
        b->used += sizeof(record) + record.profile_n;
}

// --- reading ---

struct event_place event_ring_begin(const struct event_ring *r)
{
        return (struct event_place){.after = r->before_first, .block = r->first_block};
}

struct event_place event_ring_end(const struct event_ring *r)
{
        struct event_place end = {.after = r->last, .block = r->next_block};
        if (r->first_block < r->next_block) {
                end.block = r->next_block - 1;
                end.offset = block_at(r, end.block)->used;
        }
        return end;
}

bool event_ring_find(const struct event_ring *r, uint64_t after, struct event_place *ret)
{
        struct event ignored;
        if (after < r->before_first || after > r->last)
                return false;
        *ret = event_ring_begin(r);
        while (ret->block + 1 < r->next_block && block_at(r, ret->block + 1)->before <= after)
                ret->block++;
        if (is_kept(r, ret->block))
                ret->after = block_at(r, ret->block)->before;
        while (ret->after < after)
                (void)event_ring_next(r, ret, &ignored);
        return true;
}

enum event_next event_ring_next(const struct event_ring *r, struct event_place *place, struct event *ret)
{
        struct record record;
        if (place->after < r->before_first)
                return EVENT_NEXT_GONE;
        if (place->after == r->last)
                return EVENT_NEXT_NONE;
        if (!is_kept(r, place->block)) { // it had read all of the block before it was freed
                place->block = r->first_block;
                place->offset = 0;
        } else if (place->offset == block_at(r, place->block)->used) {
                place->block++;
                place->offset = 0;
        }
        const uint8_t *p = block_at(r, place->block)->bytes + place->offset;
        memcpy(&record, p, sizeof(record));
        *ret = (struct event){.kind = (enum event_kind)record.kind,
                              .error = (enum error_kind)record.error,
                              .time_s = record.time_s,
                              .expires_s = record.expires_s,
                              .generation = record.generation,
                              .profile = slice_of(p + sizeof(record), record.profile_n)};
        place->offset += sizeof(record) + record.profile_n;
        place->after++;
        return EVENT_NEXT_IS;
}
