// SPDX-License-Identifier: Apache-2.0
// Which call begins next. Calls to one endpoint share a rate (rate_limiter.h) and a number of flights under way, and
// queue for them, so that ten thousand entries that are due together neither make AWS refuse calls nor use up the
// descriptors.
//
// Flights that clients wait for go first, in the order of enum turn_kind; one start in four is left to the background,
// soonest expiry first. One flight in eight is kept for what clients wait for. TURN_CALL and TURN_BASE do not wait for
// a free flight: the flights under way wait for them, and make no call meanwhile.
#ifndef SIDECAR_VAULT_ENDPOINT_QUEUE_H
#define SIDECAR_VAULT_ENDPOINT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv/tree.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/clock.h"
#include "sidecar/vault/schedule.h"
#include "sidecar/vault/vault.h"

struct endpoint;

struct endpoints {
        const struct clock *clock;
        struct vault_pacing pacing; // complete
        uint32_t turns;             // that have queued so far
        TAILQ_HEAD(, endpoint) list;
};

enum turn_kind {
        TURN_CALL,      // the call of a flight under way that has got its base credentials
        TURN_BASE,      // a flight that chained flights wait for
        TURN_ASKED_FOR, // a flight that a client waits for
        TURN_FAILED,    // the same, but the last attempt failed
        TURN_BACKGROUND // a flight that nobody waits for
};

// A place in the queue of an endpoint, and what its owner's flight there counts for.
struct turn {
        RB_ENTRY(turn) node;
        struct endpoint *endpoint;
        int64_t
            time_ms; // while it queues: when the owner loses what it has (TURN_BACKGROUND); then: when its call began
        uint32_t number;
        uint8_t kind; // enum turn_kind
        bool is_queued : 1;
        bool is_background : 1; // the flight
        bool is_calling : 1;    // the flight's call counts as begun
};

// For calls to `name`, which is copied. "" has no limits. NULL: out of memory.
MUST_CHECK struct endpoint *endpoint_join(struct endpoints *all, const char *name);
void endpoint_leave(struct endpoint *endpoint);
void endpoints_set_pacing(struct endpoints *all, const struct vault_pacing *pacing); // 0: the default

// Queues `turn`, or moves it ahead if it queues as a less urgent kind. `loss_ms`: when its owner loses what it has, for
// TURN_BACKGROUND; else 0.
void turn_queue(struct turn *turn, enum turn_kind kind, int64_t loss_ms);
void turn_unqueue(struct turn *turn); // fine when it does not queue

// The turn that may begin now, taken out of its queue; its owner calls one of the next two at once. NULL: none for
// *ret_wait_ms, or until something else happens (SCHEDULE_NEVER).
struct turn *endpoints_next(struct endpoints *all, int64_t *ret_wait_ms);
void turn_begin_flight(struct turn *turn);  // and its call
void turn_begin_call(struct turn *turn);    // of a flight that postponed it
void turn_postpone_call(struct turn *turn); // the flight has begun, but makes no call yet
void turn_end_flight(struct turn *turn);

#endif
