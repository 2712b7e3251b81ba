// SPDX-License-Identifier: Apache-2.0
// Inside the vault: what an entry and the vault hold, and what its files offer each other. No other layer includes
// this. Each file calls only those that stand below it:
//
//   vault.c            all entries: the pump, the watch over the clocks, the end
//   lifecycle.c        add, configure, drop and retire an entry
//   source.c           an entry as the source of chained providers           login.c  what an interactive user has to
//   do refresh.c          the flight: start, completion, what becomes of its result waiters.c          who waits for
//   credentials plan.c             when: the timer of an entry, the next attempt, idleness entry.c            what an
//   entry holds, and the end of a generation, of an entry and of the vault endpoint_queue.c   which call begins next
//   schedule.c  how long to wait rate_limiter.c     how many calls begin
//
// What has to come from the event loop goes up through the pump: vault_pump_soon(), vault_settle_soon().
// Times in "_ms" are the boot clock's, times in "_s" are the wall clock's as the upstream knows it.
#ifndef SIDECAR_VAULT_ENTRY_H
#define SIDECAR_VAULT_ENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "proto/wire/credentials.h"
#include "sidecar/base/clock.h"
#include "sidecar/providers/provider.h"
#include "sidecar/vault/endpoint_queue.h"
#include "sidecar/vault/schedule.h"
#include "sidecar/vault/vault.h"

enum {
        VAULT_TURN_MS = 1,        // of the loop, at least
        ENTRY_PATIENCE_MS = 2000, // from the start of a flight, a request waits for it in the last minute
};

struct entry {
        struct vault *vault;
        struct provider *provider;
        char *shown_name; // for messages; NULL: `name`

        // what is held
        struct credentials *credentials;
        int64_t ends_ms;         // when they end; 0: nothing held; SCHEDULE_NEVER
        int64_t ends_at_most_ms; // what ends_ms was at first: a clock that is set back adds no life
        int64_t known_end_ms;    // of what the source gave last, taken or not: it may have others then. 0: unknown
        struct entry_rendering rendering;
        uint64_t generation;
        struct upstream_clock upstream; // the clock of the service that issued the credentials

        // when
        uv_timer_t timer;            // for the earliest of what plan.c knows
        int64_t next_refresh_ms;     // SCHEDULE_NEVER: none planned, or one is under way
        int64_t before_s, recheck_s; // entry_options
        int64_t last_request_ms;     // for credentials
        int64_t last_success_ms;     // 0: none
        int64_t last_attempt_ms;     // its end, or the start of the one under way
        int64_t sought_ms;           // when the flight that is queued or under way was asked for

        // what happened
        uint64_t successes, failures;
        uint64_t served_expiring; // by entry_last_resort()
        unsigned failures_in_row;
        enum error_kind last_failure;
        struct error *last_error; // allocated when there is one; after entry_retire(): its reason

        // who waits
        TAILQ_HEAD(waiter_list, vault_waiter) waiters;
        LIST_HEAD(, source_call) calls; // of chained providers, not yet answered

        struct turn turn; // of its flights, at its endpoint
        TAILQ_ENTRY(entry) all, settling;

        uint32_t random; // of the present plan, so that planning again has the same result
        bool is_on_demand : 1;
        bool needs_interaction : 1;    // entry_options
        bool is_wanted : 1;            // on demand: while clients ask; eager: always
        bool is_running : 1;           // the provider is
        bool is_cancelled : 1;         // … but its result will not count
        bool is_forced : 1;            // a refresh was asked for: its result replaces what is held, whatever it is
        bool was_forced : 1;           // … of what was reported last
        bool is_outdated : 1;          // a user has logged in since the flight started: another one follows
        bool is_refused : 1;           // dropped by entry_drop()
        bool is_expiring_reported : 1; // VAULT_EXPIRING was, for these credentials
        bool is_expiry_reported : 1;   // VAULT_EXPIRED was, likewise
        bool is_settling : 1;          // waiters are being called
        bool is_settle_queued : 1;     // … or will be, from the loop
        bool is_retired : 1;
        bool is_logged_out : 1; // within entry_logout(): what is held goes
        char name[];
};

_Static_assert(sizeof(struct entry) <= 480, "ten thousand entries must stay cheap");

TAILQ_HEAD(entry_list, entry);

struct vault {
        struct vault_deps deps;
        struct endpoints endpoints;
        struct endpoint *unpaced; // for answers to chained providers that make no call begin
        uv_timer_t pump, tick;
        void (*on_pump)(uv_timer_t *pump);
        struct entry_list entries;  // all, until their memory goes
        struct entry_list settling; // have waiters that can be completed
        struct entry *starting;     // while its provider starts, and has not asked for its base yet
        int64_t wall_less_boot_ms;  // when everything was last planned
        int64_t boot_less_loop_ms;  // likewise
        bool wipes_stack;           // a generation has ended since the pump ran
        bool is_closing;
        unsigned open_handles;
        void (*closed)(void *arg);
        void *closed_arg;
};

// entry.c
int64_t entry_clock_ms(const struct entry *e);
int64_t entry_ends_ms(const struct entry *e, const struct credentials *c); // as e->ends_ms
int64_t entry_left_at_ms(const struct entry *e, int64_t life_s);           // when that much is left of what is held
// What is held lives for LIMIT_MIN_LIFE_S, and for min_life_s; for LIMIT_LAST_LIFE_S.
bool entry_is_good(const struct entry *e, int64_t now_ms);
bool entry_is_good_for(const struct entry *e, int64_t min_life_s, int64_t now_ms);
bool entry_may_serve(const struct entry *e, int64_t now_ms);
bool entry_is_fetching(const struct entry *e); // a flight whose result will count is under way or about to start
bool entry_is_waited_for(const struct entry *e);
const char *entry_shown_name(const struct entry *e);
void entry_wipe_derived(struct entry *e);   // the rendering and the signing keys
void entry_end_generation(struct entry *e); // wipes the credentials, and what was derived from them
void entry_forget(struct entry *e);         // … and the failures
void entry_keep_error(struct entry *e, const struct error *error);
void entry_report(struct entry *e, enum vault_event event, int64_t duration_ms, const struct error *error);
void entry_free_when_done(struct entry *e); // retired, and nothing outstanding: memory goes from the loop
void vault_free_when_done(struct vault *v); // likewise
void vault_pump_soon(struct vault *v);
void vault_settle_soon(struct entry *e); // waiters_settle() from the loop

// plan.c
void plan_now(struct entry *e, bool is_urgent); // queues for a flight, unless one is under way
void plan_refresh(struct entry *e);             // after an attempt
void plan_again(struct entry *e); // a clock or a setting changed; keeps the dice, never prolongs a backoff
void plan_no_later_than(struct entry *e, int64_t at_ms);
void plan_arm(struct entry *e); // sets the timer for whatever comes next

// waiters.c
enum flight { FLIGHT_NONE, FLIGHT_SUCCEEDED, FLIGHT_FAILED }; // what has just ended; with its error if it failed
void waiters_settle(struct entry *e, enum flight flight, const struct error *failure); // completes those that can be

// refresh.c
void refresh_start(struct entry *e);   // called by the pump alone
void refresh_abandon(struct entry *e); // dequeues, or cancels: the result will not count

// source.c
void source_answer(struct turn *turn); // called by the pump alone, for TURN_CALL

// login.c
void login_watch(struct entry *e); // from now on hears of its provider's logins

#endif
