// SPDX-License-Identifier: Apache-2.0
// How many calls may begin, and when: never more than `rate` in any one second, whatever came before, and of these
// never more than `burst` at once. No clock in here: `now_ms` is an argument and never goes back.
//
// A call arrives upstream at some time between its begin and its end: sockets, schedulers and networks delay it. So it
// counts until a second after its end, and no second sees more than `rate` arrive, if each call takes less than one.
// (A longer one is not counted between its first second and its end: an upstream that hangs is for the concurrency.)
#ifndef SIDECAR_VAULT_PACE_H
#define SIDECAR_VAULT_PACE_H

#include <stdint.h>

// A second is looked back on in slots of 8 ms: 125 whole ones, and the one that has begun. What began less than 1000 ms
// ago is in one of these, so the bound holds; it is up to 8 ms stricter than it has to be.
enum { PACE_SLOT_MS = 8, PACE_SLOTS = 1000 / PACE_SLOT_MS + 1 };

struct pace {
        int64_t rate, burst;
        int64_t tokens; // thousandths of a call
        int64_t filled_ms;
        int64_t slot;               // the latest
        int64_t in_window;          // sum of:
        uint16_t begun[PACE_SLOTS]; // at `slot` and before, by the slot's number
};

// A full one. 1 <= burst <= rate <= UINT16_MAX.
void pace_init(struct pace *p, int64_t rate, int64_t burst, int64_t now_ms);
// What has begun counts on.
void pace_set(struct pace *p, int64_t rate, int64_t burst, int64_t now_ms);

// Until a call may begin; 0: now.
int64_t pace_wait_ms(struct pace *p, int64_t now_ms);
// A call begins, for which there was no wait.
void pace_take(struct pace *p, int64_t now_ms);
// A call has ended that was taken at `taken_ms`.
void pace_end(struct pace *p, int64_t taken_ms, int64_t now_ms);
// The latest that was taken did not begin after all.
void pace_give_back(struct pace *p);

#endif
