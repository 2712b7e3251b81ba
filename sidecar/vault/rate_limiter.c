// SPDX-License-Identifier: Apache-2.0
// A token bucket spaces the calls, a count of the last second bounds them: the bucket alone would let a burst and then
// the rate through in one second.
#include "sidecar/vault/rate_limiter.h"

enum { SLOT_MS = RATE_LIMITER_SLOT_MS, SLOTS = RATE_LIMITER_SLOTS, SECOND_US = 1000 * 1000 };

static int64_t interval_us(const struct rate_limiter *l)
{
        return SECOND_US / l->rate + (SECOND_US % l->rate != 0);
}

static uint16_t *calls_in(struct rate_limiter *l, int64_t slot)
{
        return &l->calls[(slot + SLOTS) % SLOTS]; // below 0 in the first second of the clock
}

static void advance(struct rate_limiter *l, int64_t now_ms)
{
        int64_t slot = now_ms / SLOT_MS;
        if (slot - l->slot > SLOTS)
                l->slot = slot - SLOTS;
        while (l->slot < slot) {
                uint16_t *oldest = calls_in(l, ++l->slot);
                l->counted -= *oldest;
                *oldest = 0;
        }
}

static void count(struct rate_limiter *l)
{
        l->counted++;
        (*calls_in(l, l->slot))++;
}

static void discount(struct rate_limiter *l, int64_t begun_ms)
{
        int64_t slot = begun_ms / SLOT_MS;
        if (slot <= l->slot - SLOTS)
                return; // counts no more
        l->counted--;
        (*calls_in(l, slot))--;
}

void rate_limiter_set(struct rate_limiter *l, int64_t rate, int64_t burst, int64_t now_ms)
{
        l->rate = rate;
        l->burst = burst;
        int64_t latest_us = now_ms * 1000 + burst * interval_us(l);
        if (l->full_us > latest_us)
                l->full_us = latest_us;
}

int64_t rate_limiter_wait_ms(struct rate_limiter *l, int64_t now_ms)
{
        advance(l, now_ms);
        int64_t token_us = l->full_us - (l->burst - 1) * interval_us(l) - now_ms * 1000;
        int64_t wait_ms = token_us <= 0 ? 0 : (token_us + 999) / 1000;

        int64_t left = l->counted, last = l->slot - SLOTS;
        while (left >= l->rate)
                left -= *calls_in(l, ++last);
        if (last == l->slot - SLOTS)
                return wait_ms;
        int64_t window_ms = (last + SLOTS) * SLOT_MS - now_ms; // until what began in `last` is a second ago
        return window_ms > wait_ms ? window_ms : wait_ms;
}

void rate_limiter_begin(struct rate_limiter *l, int64_t now_ms)
{
        advance(l, now_ms);
        count(l);
        l->full_us = (l->full_us > now_ms * 1000 ? l->full_us : now_ms * 1000) + interval_us(l);
}

void rate_limiter_end(struct rate_limiter *l, int64_t begun_ms, int64_t now_ms)
{
        advance(l, now_ms);
        discount(l, begun_ms);
        count(l);
}

void rate_limiter_undo(struct rate_limiter *l, int64_t begun_ms)
{
        discount(l, begun_ms);
        l->full_us -= interval_us(l);
}
