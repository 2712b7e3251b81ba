// SPDX-License-Identifier: Apache-2.0
// Limits log lines that peers cause: of each peer and event a few at once, and then one in a while. What is left out is
// counted. Peers do not share: where there are more of them at a time than are kept apart, only those that come last
// do. Plain data, on a clock that is given.
#ifndef SIDECAR_BASE_LOG_LIMITER_H
#define SIDECAR_BASE_LOG_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/mem/must_check.h"

enum {
        LOG_LIMITER_SLOTS_N = 256,   // events by peer that are kept apart
        LOG_LIMITER_SHARED_N = 8,    // events of those beyond
        LOG_LIMITER_BURST_N = 10,    // lines at once
        LOG_LIMITER_EVERY_MS = 10000 // then one in this time
};

#define LOG_LIMITER_OTHERS UINT32_MAX // which is no uid

struct log_limiter_slot {
        const char *event;
        uint32_t uid;     // LOG_LIMITER_OTHERS: of all who share
        int64_t full_ms;  // when it may log a whole burst again
        uint64_t dropped; // lines since the last report
};

struct log_limiter {
        struct log_limiter_slot slots[LOG_LIMITER_SLOTS_N + LOG_LIMITER_SHARED_N]; // zeroed: unused
};

// Whether the peer's line may be logged now; if not, it is counted. `event` is static.
MUST_CHECK bool log_limiter_admits(struct log_limiter *l, const char *event, uint32_t uid, int64_t now_ms);

// Calls `report` for each count of dropped lines, which begins anew.
void log_limiter_report(struct log_limiter *l, void (*report)(void *arg, const struct log_limiter_slot *slot),
                        void *arg);

#endif
