// SPDX-License-Identifier: Apache-2.0
// Each slot is a bucket, known by when it is full: each line moves that by LOG_LIMITER_EVERY_MS.
#include "sidecar/base/log_limiter.h"

#include <string.h>

static bool is_unused(const struct log_limiter_slot *slot, int64_t now_ms)
{
        return !slot->event || (slot->full_ms <= now_ms && slot->dropped == 0);
}

// The slot of that event and uid among `count`, else one that nobody needs, else NULL.
static struct log_limiter_slot *find(struct log_limiter_slot *slots, size_t count, const char *event, uint32_t uid,
                                     int64_t now_ms)
{
        struct log_limiter_slot *unused = NULL;
        for (size_t i = 0; i < count; i++) {
                struct log_limiter_slot *slot = &slots[i];
                if (slot->event && slot->uid == uid && strcmp(slot->event, event) == 0)
                        return slot;
                if (!unused && is_unused(slot, now_ms))
                        unused = slot;
        }
        if (unused)
                *unused = (struct log_limiter_slot){.event = event, .uid = uid, .full_ms = now_ms};
        return unused;
}

bool log_limiter_admits(struct log_limiter *l, const char *event, uint32_t uid, int64_t now_ms)
{
        struct log_limiter_slot *slot = find(l->slots, LOG_LIMITER_SLOTS_N, event, uid, now_ms);
        if (!slot)
                slot = find(l->slots + LOG_LIMITER_SLOTS_N, LOG_LIMITER_SHARED_N, event, LOG_LIMITER_OTHERS, now_ms);
        if (!slot)
                return false; // more kinds of events than there are
        if (slot->full_ms < now_ms)
                slot->full_ms = now_ms;
        if (slot->full_ms - now_ms > (LOG_LIMITER_BURST_N - 1) * (int64_t)LOG_LIMITER_EVERY_MS) {
                slot->dropped++;
                return false;
        }
        slot->full_ms += LOG_LIMITER_EVERY_MS;
        return true;
}

void log_limiter_report(struct log_limiter *l, void (*report)(void *arg, const struct log_limiter_slot *slot),
                        void *arg)
{
        for (size_t i = 0; i < LOG_LIMITER_SLOTS_N + LOG_LIMITER_SHARED_N; i++) {
                if (l->slots[i].dropped == 0)
                        continue;
                report(arg, &l->slots[i]);
                l->slots[i].dropped = 0;
        }
}
