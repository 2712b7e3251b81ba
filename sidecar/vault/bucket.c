// SPDX-License-Identifier: Apache-2.0
// How many calls one upstream gets. Entries that call the same one share a token bucket and the flights that there may
// be at once; those that nobody waits for queue for it, the one that ends soonest first, and last those that have
// nothing to lose because they have failed. So ten thousand entries that are due together do not make the upstream
// refuse calls, nor use up the descriptors. What somebody waits for is started at once: it is only counted, and the
// queue behind it waits longer.
#include "sidecar/vault/entry.h"

#include <stdlib.h>
#include <string.h>

enum {
        CALLS_A_SECOND = 100,
        BURST = 100,
        FLIGHTS_MAX = 64,
        TOKEN = 1000, // so that CALLS_A_SECOND of these come in a millisecond
        CAPACITY_FIRST = 8
};

struct bucket {
        TAILQ_ENTRY(bucket) all;
        struct entry **heap; // of those that queue
        uint32_t queued, entries, capacity;
        uint32_t flights;
        int64_t tokens; // down to a burst less than none
        int64_t filled_ms;
        bool is_bottomless; // nobody is called
        char name[];
};

// --- the heap ---

static bool is_before(const struct entry *a, const struct entry *b)
{
        return a->queued_end_ms != b->queued_end_ms ? a->queued_end_ms < b->queued_end_ms
                                                    : a->queued_number < b->queued_number;
}

static void put(struct bucket *b, uint32_t at, struct entry *e)
{
        b->heap[at] = e;
        e->queued_at = at;
}

static void sift_up(struct bucket *b, uint32_t at, struct entry *e)
{
        while (at > 0 && is_before(e, b->heap[(at - 1) / 2])) {
                put(b, at, b->heap[(at - 1) / 2]);
                at = (at - 1) / 2;
        }
        put(b, at, e);
}

static void sift_down(struct bucket *b, uint32_t at, struct entry *e)
{
        for (;;) {
                uint32_t child = 2 * at + 1;
                if (child + 1 < b->queued && is_before(b->heap[child + 1], b->heap[child]))
                        child++;
                if (child >= b->queued || !is_before(b->heap[child], e))
                        break;
                put(b, at, b->heap[child]);
                at = child;
        }
        put(b, at, e);
}

void bucket_queue(struct entry *e)
{
        struct bucket *b = e->bucket;
        int64_t now_ms = plan_clock_ms(e);
        e->queued_end_ms = entry_may_serve(e, now_ms) ? e->serve_until_ms
                           : e->failures_in_row == 0  ? now_ms
                                                      : ENTRY_NEVER;
        e->queued_number = e->vault->queued++;
        sift_up(b, b->queued++, e);
}

void bucket_unqueue(struct entry *e)
{
        struct bucket *b = e->bucket;
        struct entry *last = b->heap[--b->queued];
        uint32_t at = e->queued_at;
        if (last == e)
                return;
        if (at > 0 && is_before(last, b->heap[(at - 1) / 2]))
                sift_up(b, at, last);
        else
                sift_down(b, at, last);
}

// --- who shares it ---

static struct bucket *find(struct vault *v, const char *name)
{
        struct bucket *b;
        TAILQ_FOREACH(b, &v->buckets, all)
        if (strcmp(b->name, name) == 0)
                return b;
        return NULL;
}

static struct bucket *make(struct vault *v, const char *name)
{
        size_t name_n = strlen(name);
        struct bucket *b = calloc(1, sizeof(*b) + name_n + 1);
        if (!b)
                return NULL;
        memcpy(b->name, name, name_n + 1);
        b->is_bottomless = name_n == 0;
        b->tokens = (int64_t)BURST * TOKEN;
        b->filled_ms = clock_boot_ms(v->deps.clock);
        TAILQ_INSERT_TAIL(&v->buckets, b, all);
        return b;
}

static void drop_if_empty(struct vault *v, struct bucket *b)
{
        if (b->entries > 0)
                return;
        TAILQ_REMOVE(&v->buckets, b, all);
        free(b->heap);
        free(b);
}

// Room for every entry is made here, so that nothing can fail later.
static int make_room(struct bucket *b)
{
        if (b->entries < b->capacity)
                return 0;
        uint32_t capacity = b->capacity > 0 ? 2 * b->capacity : CAPACITY_FIRST;
        struct entry **heap = reallocarray(b->heap, capacity, sizeof(struct entry *));
        if (!heap)
                return -1;
        b->heap = heap;
        b->capacity = capacity;
        return 0;
}

struct bucket *bucket_join(struct vault *v, const char *upstream)
{
        const char *name = upstream ? upstream : "";
        struct bucket *b = find(v, name);
        if (!b)
                b = make(v, name);
        if (!b)
                return NULL;
        if (make_room(b) < 0) {
                drop_if_empty(v, b);
                return NULL;
        }
        b->entries++;
        return b;
}

void bucket_leave(struct entry *e)
{
        e->bucket->entries--;
        drop_if_empty(e->vault, e->bucket);
}

// --- what it lets through ---

static void fill(struct bucket *b, int64_t now_ms)
{
        int64_t room = (int64_t)BURST * TOKEN - b->tokens;
        int64_t passed_ms = now_ms - b->filled_ms;
        b->filled_ms = now_ms;
        b->tokens += passed_ms > room / CALLS_A_SECOND ? room : passed_ms * CALLS_A_SECOND;
}

// Until the first of the queue may start, ENTRY_NEVER: not before something else has happened.
static int64_t wait_ms(struct bucket *b, int64_t now_ms)
{
        if (b->queued == 0 || (!b->is_bottomless && b->flights >= FLIGHTS_MAX))
                return ENTRY_NEVER;
        fill(b, now_ms);
        if (b->is_bottomless || b->tokens >= TOKEN)
                return 0;
        return (TOKEN - b->tokens + CALLS_A_SECOND - 1) / CALLS_A_SECOND;
}

struct entry *bucket_next(struct vault *v)
{
        int64_t now_ms = clock_boot_ms(v->deps.clock);
        struct bucket *b;
        TAILQ_FOREACH(b, &v->buckets, all)
        {
                if (wait_ms(b, now_ms) > 0)
                        continue;
                TAILQ_REMOVE(&v->buckets, b, all); // the others are first the next time
                TAILQ_INSERT_TAIL(&v->buckets, b, all);
                return b->heap[0];
        }
        return NULL;
}

int64_t bucket_wait_ms(struct vault *v)
{
        int64_t now_ms = clock_boot_ms(v->deps.clock);
        int64_t least_ms = ENTRY_NEVER;
        struct bucket *b;
        TAILQ_FOREACH(b, &v->buckets, all)
        {
                int64_t this_ms = wait_ms(b, now_ms);
                if (this_ms < least_ms)
                        least_ms = this_ms;
        }
        return least_ms;
}

void bucket_begin_flight(struct entry *e)
{
        struct bucket *b = e->bucket;
        b->flights++;
        fill(b, clock_boot_ms(e->vault->deps.clock));
        if (b->tokens > -(int64_t)BURST * TOKEN)
                b->tokens -= TOKEN;
}

void bucket_end_flight(struct entry *e)
{
        e->bucket->flights--;
        if (e->bucket->queued > 0)
                vault_pump_soon(e->vault);
}
