// SPDX-License-Identifier: Apache-2.0
// Limits how many calls begin: at most `rate` in any one second, whatever came before, and of these at most `burst` at
// once. Reads no clock: `now_ms` is an argument and never goes back.
//
// A call reaches the endpoint at some time between its begin and its end: sockets, schedulers and networks delay it. So
// it counts until a second after its end, and the endpoint sees at most `rate` in any second if each call takes less
// than one. (A longer call does not count between its first second and its end: the endpoint queue bounds the calls
// under way.)
#ifndef SIDECAR_VAULT_RATE_LIMITER_H
#define SIDECAR_VAULT_RATE_LIMITER_H

#include <stdint.h>

// The last second is counted in slots of 8 ms: 125 whole ones, and the one that has begun. This bound is up to 8 ms
// stricter than it has to be.
enum { RATE_LIMITER_SLOT_MS = 8, RATE_LIMITER_SLOTS = 1000 / RATE_LIMITER_SLOT_MS + 1 };

struct rate_limiter {
        int64_t rate, burst;
        int64_t full_us;                    // when a burst may begin again, the token bucket being full
        int64_t slot;                       // the latest
        int64_t counted;                    // the sum of:
        uint16_t calls[RATE_LIMITER_SLOTS]; // in `slot` and before it, by the slot's number
};

// 1 <= burst <= rate. What has begun counts on. The first time: of one that is all zeros.
void rate_limiter_set(struct rate_limiter *l, int64_t rate, int64_t burst, int64_t now_ms);

// Until a call may begin; 0: now.
int64_t rate_limiter_wait_ms(struct rate_limiter *l, int64_t now_ms);
// A call begins, for which there was no wait.
void rate_limiter_begin(struct rate_limiter *l, int64_t now_ms);
// The call that began at `begun_ms` ends.
void rate_limiter_end(struct rate_limiter *l, int64_t begun_ms, int64_t now_ms);
// The call that was to begin at `begun_ms`, just now, does not begin after all.
void rate_limiter_undo(struct rate_limiter *l, int64_t begun_ms);

#endif
