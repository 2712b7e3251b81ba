// SPDX-License-Identifier: Apache-2.0
// A token bucket makes calls regular, a count of the last second bounds them: the bucket alone would let a burst and
// then the rate through in one second.
#include "sidecar/vault/pace.h"

enum { TOKEN = 1000 }; // so that `rate` of these come in a millisecond

static uint16_t *at(struct pace *p, int64_t slot)
{
        return &p->begun[(slot + PACE_SLOTS) % PACE_SLOTS]; // below 0 in the first second of the clock
}

static void advance(struct pace *p, int64_t now_ms)
{
        int64_t room = p->burst * TOKEN - p->tokens;
        int64_t passed_ms = now_ms - p->filled_ms;
        p->filled_ms = now_ms;
        p->tokens += passed_ms > room / p->rate ? room : passed_ms * p->rate;

        int64_t slot = now_ms / PACE_SLOT_MS;
        if (slot - p->slot > PACE_SLOTS)
                p->slot = slot - PACE_SLOTS;
        while (p->slot < slot) {
                uint16_t *oldest = at(p, ++p->slot);
                p->in_window -= *oldest;
                *oldest = 0;
        }
}

void pace_init(struct pace *p, int64_t rate, int64_t burst, int64_t now_ms)
{
        *p = (struct pace){.rate = rate, .burst = burst, .tokens = burst * TOKEN, .filled_ms = now_ms};
        p->slot = now_ms / PACE_SLOT_MS;
}

void pace_set(struct pace *p, int64_t rate, int64_t burst, int64_t now_ms)
{
        advance(p, now_ms);
        p->rate = rate;
        p->burst = burst;
        if (p->tokens > burst * TOKEN)
                p->tokens = burst * TOKEN;
}

// Until enough of what has begun is a second ago.
static int64_t window_wait_ms(struct pace *p, int64_t now_ms)
{
        int64_t left = p->in_window;
        int64_t oldest = p->slot - PACE_SLOTS;
        while (left >= p->rate)
                left -= *at(p, ++oldest);
        return oldest <= p->slot - PACE_SLOTS ? 0 : (oldest + PACE_SLOTS) * PACE_SLOT_MS - now_ms;
}

int64_t pace_wait_ms(struct pace *p, int64_t now_ms)
{
        advance(p, now_ms);
        int64_t window_ms = window_wait_ms(p, now_ms);
        int64_t token_ms = p->tokens >= TOKEN ? 0 : (TOKEN - p->tokens + p->rate - 1) / p->rate;
        return window_ms > token_ms ? window_ms : token_ms;
}

void pace_take(struct pace *p, int64_t now_ms)
{
        advance(p, now_ms);
        p->tokens -= TOKEN;
        p->in_window++;
        (*at(p, p->slot))++;
}

void pace_end(struct pace *p, int64_t taken_ms, int64_t now_ms)
{
        advance(p, now_ms);
        int64_t slot = taken_ms / PACE_SLOT_MS;
        if (slot > p->slot - PACE_SLOTS && *at(p, slot) > 0) {
                (*at(p, slot))--;
                p->in_window--;
        }
        p->in_window++;
        (*at(p, p->slot))++;
}

void pace_give_back(struct pace *p)
{
        int64_t slot = p->slot;
        while (*at(p, slot) == 0)
                if (--slot <= p->slot - PACE_SLOTS)
                        return;
        (*at(p, slot))--;
        p->in_window--;
        p->tokens = p->tokens + TOKEN < p->burst * TOKEN ? p->tokens + TOKEN : p->burst * TOKEN;
}
