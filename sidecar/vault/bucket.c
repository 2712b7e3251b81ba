// SPDX-License-Identifier: Apache-2.0
// How many calls one upstream gets. Entries that call the same one share a pace and the flights that there may be at
// once, and queue for them. So ten thousand entries that are due together, or asked for together, do not make the
// upstream refuse calls, nor use up the descriptors.
//
// There are two queues. What somebody waits for goes first, those that have failed before last among it; but of so many
// starts in a row one is left to what nobody waits for: the one that ends soonest first, and last those that have
// nothing to lose because they have failed. A part of the flights is kept for what somebody waits for.
//
// What flights wait for themselves, a base of chained entries, is the very first, and all flights being taken does not
// hold it up: they would wait for each other. For each such flight another one makes no call meanwhile, so the calls
// under way are no more for it.
#include "sidecar/vault/entry.h"

#include <stdlib.h>
#include <string.h>

#include "sidecar/vault/pace.h"

enum {
        URGENT_IN_ROW = 3,  // then one in the background, if any queues
        RESERVED_SHARE = 8, // of all flights one in so many is not for the background
        CAPACITY_FIRST = 8
};

// Keys of the urgent queue, where others have a time.
enum { KEY_BASE, KEY_ASKED_FOR, KEY_FAILED };

struct heap {
        struct entry **list;
        uint32_t count;
};

struct bucket {
        TAILQ_ENTRY(bucket) all;
        struct heap urgent, background; // of those that queue
        uint32_t entries, capacity;
        uint32_t flights, background_flights;
        uint32_t urgent_in_row; // starts, while others queued in the background
        struct pace pace;
        bool is_bottomless; // nobody is called
        char name[];
};

// --- the heaps ---

static struct heap *heap_of(const struct entry *e)
{
        return e->queue == QUEUE_URGENT ? &e->bucket->urgent : &e->bucket->background;
}

static bool is_before(const struct entry *a, const struct entry *b)
{
        return a->queued_end_ms != b->queued_end_ms ? a->queued_end_ms < b->queued_end_ms
                                                    : a->queued_number < b->queued_number;
}

static void put(struct heap *h, uint32_t at, struct entry *e)
{
        h->list[at] = e;
        e->queued_at = at;
}

static void sift_up(struct heap *h, uint32_t at, struct entry *e)
{
        while (at > 0 && is_before(e, h->list[(at - 1) / 2])) {
                put(h, at, h->list[(at - 1) / 2]);
                at = (at - 1) / 2;
        }
        put(h, at, e);
}

static void sift_down(struct heap *h, uint32_t at, struct entry *e)
{
        for (;;) {
                uint32_t child = 2 * at + 1;
                if (child + 1 < h->count && is_before(h->list[child + 1], h->list[child]))
                        child++;
                if (child >= h->count || !is_before(h->list[child], e))
                        break;
                put(h, at, h->list[child]);
                at = child;
        }
        put(h, at, e);
}

static int64_t key_of(const struct entry *e, bool is_urgent)
{
        if (is_urgent)
                return e->calls_open > 0 ? KEY_BASE : e->failures_in_row == 0 ? KEY_ASKED_FOR : KEY_FAILED;
        int64_t now_ms = plan_clock_ms(e);
        return entry_may_serve(e, now_ms) ? e->serve_until_ms : e->failures_in_row == 0 ? now_ms : ENTRY_NEVER;
}

void bucket_queue(struct entry *e, bool is_urgent)
{
        int64_t key = key_of(e, is_urgent);
        if (e->queue == QUEUE_URGENT && (!is_urgent || key >= e->queued_end_ms))
                return;
        if (e->queue == QUEUE_BACKGROUND && !is_urgent)
                return;
        bucket_unqueue(e);
        e->queue = is_urgent ? QUEUE_URGENT : QUEUE_BACKGROUND;
        e->queued_end_ms = key;
        e->queued_number = e->vault->queued++;
        struct heap *h = heap_of(e);
        sift_up(h, h->count++, e);
}

void bucket_unqueue(struct entry *e)
{
        if (e->queue == QUEUE_NONE)
                return;
        struct heap *h = heap_of(e);
        struct entry *last = h->list[--h->count];
        uint32_t at = e->queued_at;
        e->queue = QUEUE_NONE;
        if (last == e)
                return;
        if (at > 0 && is_before(last, h->list[(at - 1) / 2]))
                sift_up(h, at, last);
        else
                sift_down(h, at, last);
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
        pace_init(&b->pace, v->pacing.calls_per_second, v->pacing.burst, clock_boot_ms(v->deps.clock));
        TAILQ_INSERT_TAIL(&v->buckets, b, all);
        return b;
}

static void drop_if_empty(struct vault *v, struct bucket *b)
{
        if (b->entries > 0)
                return;
        TAILQ_REMOVE(&v->buckets, b, all);
        free(b->urgent.list);
        free(b->background.list);
        free(b);
}

// Room for every entry is made here, so that nothing can fail later.
static int make_space(struct bucket *b)
{
        if (b->entries < b->capacity)
                return 0;
        uint32_t capacity = b->capacity > 0 ? 2 * b->capacity : CAPACITY_FIRST;
        struct heap *heaps[] = {&b->urgent, &b->background};
        for (unsigned i = 0; i < 2; i++) {
                struct entry **list = reallocarray(heaps[i]->list, capacity, sizeof(struct entry *));
                if (!list)
                        return -1;
                heaps[i]->list = list;
        }
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
        if (make_space(b) < 0) {
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

static struct entry *first_of(const struct heap *h)
{
        return h->count > 0 ? h->list[0] : NULL;
}

// Whose turn it is, if the pace allows it; NULL: nobody's, unless a flight ends.
static struct entry *candidate(const struct vault *v, const struct bucket *b)
{
        struct entry *urgent = first_of(&b->urgent), *background = first_of(&b->background);
        int64_t most = v->pacing.concurrency;
        if (b->is_bottomless || (urgent && urgent->queued_end_ms == KEY_BASE))
                return urgent ? urgent : background;
        if (b->flights >= most)
                return NULL;
        if (b->background_flights >= most - most / RESERVED_SHARE)
                background = NULL;
        if (urgent && background)
                return b->urgent_in_row < URGENT_IN_ROW ? urgent : background;
        return urgent ? urgent : background;
}

static int64_t wait_ms(const struct vault *v, struct bucket *b, int64_t now_ms)
{
        if (!candidate(v, b))
                return ENTRY_NEVER;
        return b->is_bottomless ? 0 : pace_wait_ms(&b->pace, now_ms);
}

struct entry *bucket_next(struct vault *v)
{
        int64_t now_ms = clock_boot_ms(v->deps.clock);
        struct bucket *b;
        TAILQ_FOREACH(b, &v->buckets, all)
        {
                if (wait_ms(v, b, now_ms) > 0)
                        continue;
                TAILQ_REMOVE(&v->buckets, b, all); // the others are first the next time
                TAILQ_INSERT_TAIL(&v->buckets, b, all);
                return candidate(v, b);
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
                int64_t this_ms = wait_ms(v, b, now_ms);
                if (this_ms < least_ms)
                        least_ms = this_ms;
        }
        return least_ms;
}

void bucket_begin_flight(struct entry *e)
{
        struct bucket *b = e->bucket;
        e->is_background_flight = e->queue == QUEUE_BACKGROUND;
        bucket_unqueue(e);
        b->urgent_in_row = e->is_background_flight || b->background.count == 0 ? 0 : b->urgent_in_row + 1;
        b->flights++;
        b->background_flights += e->is_background_flight;
        bucket_begin_call(e);
}

void bucket_end_flight(struct entry *e)
{
        struct bucket *b = e->bucket;
        int64_t now_ms = plan_clock_ms(e);
        if (e->is_calling && !b->is_bottomless)
                pace_end(&b->pace, e->call_taken_ms, now_ms);
        e->is_calling = false;
        b->flights--;
        b->background_flights -= e->is_background_flight;
        if (b->urgent.count > 0 || b->background.count > 0)
                vault_pump_soon(e->vault);
}

// --- calls that begin later than their flight ---

void bucket_postpone_call(struct entry *e)
{
        e->is_calling = false;
        if (!e->bucket->is_bottomless)
                pace_give_back(&e->bucket->pace);
}

int64_t bucket_call_wait_ms(struct entry *e)
{
        return e->bucket->is_bottomless ? 0 : pace_wait_ms(&e->bucket->pace, plan_clock_ms(e));
}

void bucket_begin_call(struct entry *e)
{
        e->is_calling = true;
        e->call_taken_ms = plan_clock_ms(e);
        if (!e->bucket->is_bottomless)
                pace_take(&e->bucket->pace, e->call_taken_ms);
}

// --- settings ---

static int64_t or_default(int64_t value, int64_t otherwise)
{
        return value > 0 ? value : otherwise;
}

void bucket_set_pacing(struct vault *v, const struct vault_pacing *pacing)
{
        int64_t rate = or_default(pacing->calls_per_second, VAULT_CALLS_PER_SECOND);
        int64_t burst = or_default(pacing->burst, VAULT_BURST);
        v->pacing = (struct vault_pacing){.calls_per_second = rate,
                                          .burst = burst < rate ? burst : rate,
                                          .concurrency = or_default(pacing->concurrency, VAULT_CONCURRENCY)};
        struct bucket *b;
        TAILQ_FOREACH(b, &v->buckets, all)
        pace_set(&b->pace, rate, v->pacing.burst, clock_boot_ms(v->deps.clock));
}
