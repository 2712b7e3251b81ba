// SPDX-License-Identifier: Apache-2.0
#include "sidecar/vault/endpoint_queue.h"

#include <stdlib.h>
#include <string.h>

#include "sidecar/vault/rate_limiter.h"

enum {
        URGENT_IN_ROW = 3, // then one in the background, if any queues
        RESERVED_SHARE = 8 // of all flights one in so many is not for the background
};
#define NO_LIMIT (INT64_C(1) << 50)

RB_HEAD(turns, turn);

struct endpoint {
        TAILQ_ENTRY(endpoint) entry;
        struct endpoints *all;
        struct turns queue;
        struct rate_limiter limiter;
        int64_t most_flights, flights, background_flights;
        uint32_t users, urgent_in_row; // starts, while others queued in the background
        char name[];
};

static int compare(const struct turn *a, const struct turn *b)
{
        if (a->kind != b->kind)
                return a->kind < b->kind ? -1 : 1;
        if (a->time_ms != b->time_ms)
                return a->time_ms < b->time_ms ? -1 : 1;
        return (a->number > b->number) - (a->number < b->number);
}

RB_GENERATE_STATIC(turns, turn, node, compare)

// --- who shares an endpoint ---

static void set_limits(struct endpoint *p)
{
        static const struct vault_pacing none = {NO_LIMIT, NO_LIMIT, NO_LIMIT};
        const struct vault_pacing *pacing = p->name[0] ? &p->all->pacing : &none;
        p->most_flights = pacing->concurrency;
        rate_limiter_set(&p->limiter, pacing->calls_per_second, pacing->burst, clock_boot_ms(p->all->clock));
}

struct endpoint *endpoint_join(struct endpoints *all, const char *name)
{
        struct endpoint *p = TAILQ_FIRST(&all->list);
        while (p && strcmp(p->name, name) != 0)
                p = TAILQ_NEXT(p, entry);
        if (!p) {
                p = calloc(1, sizeof(*p) + strlen(name) + 1);
                if (!p)
                        return NULL;
                p->all = all;
                memcpy(p->name, name, strlen(name));
                set_limits(p);
                TAILQ_INSERT_TAIL(&all->list, p, entry);
        }
        p->users++;
        return p;
}

void endpoint_leave(struct endpoint *p)
{
        if (--p->users > 0)
                return;
        TAILQ_REMOVE(&p->all->list, p, entry);
        free(p);
}

void endpoints_set_pacing(struct endpoints *all, const struct vault_pacing *pacing)
{
        struct vault_pacing *to = &all->pacing;
        to->calls_per_second = pacing->calls_per_second > 0 ? pacing->calls_per_second : VAULT_CALLS_PER_SECOND;
        to->burst = pacing->burst > 0 ? pacing->burst : VAULT_BURST;
        to->concurrency = pacing->concurrency > 0 ? pacing->concurrency : VAULT_CONCURRENCY;
        if (to->burst > to->calls_per_second)
                to->burst = to->calls_per_second;
        struct endpoint *p;
        TAILQ_FOREACH(p, &all->list, entry)
        set_limits(p);
}

// --- the queue ---

void turn_queue(struct turn *t, enum turn_kind kind, int64_t loss_ms)
{
        if (t->is_queued && kind >= t->kind)
                return;
        turn_unqueue(t);
        t->kind = (uint8_t)kind;
        t->time_ms = loss_ms;
        t->number = t->endpoint->all->turns++;
        t->is_queued = true;
        RB_INSERT(turns, &t->endpoint->queue, t);
}

void turn_unqueue(struct turn *t)
{
        if (t->is_queued)
                RB_REMOVE(turns, &t->endpoint->queue, t);
        t->is_queued = false;
}

static struct turn *first_in_background(struct endpoint *p)
{
        struct turn before_all = {.kind = TURN_BACKGROUND, .time_ms = INT64_MIN};
        return RB_NFIND(turns, &p->queue, &before_all);
}

// The next turn if the rate allows it. NULL: none unless a flight ends.
static struct turn *candidate(struct endpoint *p)
{
        struct turn *first = RB_MIN(turns, &p->queue);
        if (!first || first->kind <= TURN_BASE)
                return first;
        if (p->flights >= p->most_flights)
                return NULL;
        bool is_full = p->background_flights >= p->most_flights - p->most_flights / RESERVED_SHARE;
        struct turn *background = is_full ? NULL : first_in_background(p);
        if (first->kind == TURN_BACKGROUND || (background && p->urgent_in_row >= URGENT_IN_ROW))
                return background;
        return first;
}

struct turn *endpoints_next(struct endpoints *all, int64_t *ret_wait_ms)
{
        int64_t now_ms = clock_boot_ms(all->clock);
        *ret_wait_ms = SCHEDULE_NEVER;
        struct endpoint *p;
        TAILQ_FOREACH(p, &all->list, entry)
        {
                struct turn *t = candidate(p);
                int64_t wait_ms = t ? rate_limiter_wait_ms(&p->limiter, now_ms) : SCHEDULE_NEVER;
                if (wait_ms == 0) {
                        TAILQ_REMOVE(&all->list, p, entry); // the others are first the next time
                        TAILQ_INSERT_TAIL(&all->list, p, entry);
                        turn_unqueue(t);
                        return t;
                }
                if (wait_ms < *ret_wait_ms)
                        *ret_wait_ms = wait_ms;
        }
        return NULL;
}

// --- what is under way ---

void turn_begin_flight(struct turn *t)
{
        struct endpoint *p = t->endpoint;
        t->is_background = t->kind == TURN_BACKGROUND;
        p->urgent_in_row = t->is_background || !first_in_background(p) ? 0 : p->urgent_in_row + 1;
        p->flights++;
        p->background_flights += t->is_background;
        turn_begin_call(t);
}

void turn_end_flight(struct turn *t)
{
        struct endpoint *p = t->endpoint;
        if (t->is_calling)
                rate_limiter_end(&p->limiter, t->time_ms, clock_boot_ms(p->all->clock));
        t->is_calling = false;
        p->flights--;
        p->background_flights -= t->is_background;
}

void turn_begin_call(struct turn *t)
{
        t->is_calling = true;
        t->time_ms = clock_boot_ms(t->endpoint->all->clock);
        rate_limiter_begin(&t->endpoint->limiter, t->time_ms);
}

void turn_postpone_call(struct turn *t)
{
        t->is_calling = false;
        rate_limiter_undo(&t->endpoint->limiter, t->time_ms);
}
