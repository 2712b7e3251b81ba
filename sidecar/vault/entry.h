// SPDX-License-Identifier: Apache-2.0
// Inside the vault: what an entry and the vault hold, and what the files of this room are to each other. Nobody else
// includes this. All times "_ms" are the boot clock's, all "_s" are the wall clock's as the upstream knows it.
//
//   entry.c    its life from vault_add() to the last free(), and what can be asked of it
//   plan.c     when: the one timer of an entry, expiry, the next attempt, idleness
//   bucket.c   how many flights one upstream gets, and in which order
//   pace.c     how many calls may begin in a second
//   refresh.c  the flight: start, completion, what becomes of its result
//   waiters.c  who waits for it
//   source.c   who waits for it from below: chained providers
//   login.c    what a person has to do
//   vault.c    all entries, the pump that does what must happen from the loop, the tick that watches the clocks
#ifndef SIDECAR_VAULT_ENTRY_H
#define SIDECAR_VAULT_ENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "proto/wire/credentials.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/login_status.h"
#include "sidecar/providers/login.h"
#include "sidecar/providers/provider.h"
#include "sidecar/vault/vault.h"

#define ENTRY_NEVER INT64_MAX

enum {
        ENTRY_IDLE_MS = 15 * 60 * 1000, // an on-demand entry is dropped when nobody asked for this long
        ENTRY_CORRECTED_MS = 5 * 1000,  // from an attempt that failed to the next, when the configuration was read anew
        VAULT_STARTS_PER_TURN = 16,
        VAULT_ANSWERS_PER_TURN = 16, // to chained providers, which start calls of their own
        VAULT_TURN_MS = 1,
        VAULT_TICK_MS = 10 * 1000,
        VAULT_STEP_MS = 1000 // a clock that moved by more than this against another was stepped
};

enum entry_queue { QUEUE_NONE, QUEUE_BACKGROUND, QUEUE_URGENT };

struct entry {
        struct vault *vault;
        struct provider *provider;
        void *owner;

        // what is held
        struct credentials *credentials;
        int64_t serve_until_ms;           // less than LIMIT_MIN_LIFE_S from here on; 0: nothing held
        int64_t serve_at_most_ms;         // what serve_until_ms was at first: a clock that is set back gives no life
        int64_t last_request_ms;          // of whatever asked for credentials
        struct entry_rendering rendering; // of the pool; empty: none yet
        uint32_t random;                  // of the present plan, so that planning again gives the same
        uint64_t generation;
        struct upstream_clock upstream; // the clock of whoever issued the credentials

        // when
        uv_timer_t timer;            // for the earliest of what plan.c knows
        int64_t next_refresh_ms;     // ENTRY_NEVER: none planned, or one is under way
        int64_t before_s, recheck_s; // entry_options
        int64_t last_success_ms;     // 0: none
        int64_t call_taken_ms;       // when its call counted as begun
        int64_t last_attempt_ms;     // its end, or the start of the one under way

        // what happened
        uint64_t successes, failures;
        unsigned failures_in_row;
        enum error_kind last_failure;
        char *shown_name;         // allocated when there is one: entry_options
        struct error *last_error; // allocated when there is one; after entry_retire(): its reason

        // who waits
        struct vault_waiter *waiters, **waiters_tail;
        struct vault_waiter *detached; // while they are being completed
        unsigned calls_open;           // of source.c, not yet answered

        TAILQ_ENTRY(entry) all, settling;
        struct bucket *bucket;  // of its upstream
        int64_t queued_end_ms;  // while it queues there: what it is ordered by (when it loses what it has),
        uint64_t queued_number; // its number,
        uint32_t queued_at;     // its place in the heap

        uint8_t queue; // of enum entry_queue
        bool is_on_demand : 1;
        bool needs_interaction : 1;    // entry_options
        bool is_wanted : 1;            // on demand: somebody asked and has not fallen silent; eager: always
        bool is_running : 1;           // the provider is
        bool is_background_flight : 1; // … and nobody waited for it when it started
        bool is_cancelled : 1;         // … but what it brings is not wanted any more
        bool is_calling : 1;           // … and its call counts as begun
        bool is_forced : 1;            // the flight was asked for: its result replaces what is held, whatever it is
        bool is_outdated : 1;          // a person has logged in since the flight started: another one follows
        bool is_refused : 1;           // dropped by entry_drop()
        bool is_expiry_reported : 1;   // the observer knows that these credentials have ended
        bool is_settle_queued : 1;     // waiters are to be looked at from the loop
        bool is_retired : 1;
        bool is_closing : 1; // its timer is
        char name[];
};

_Static_assert(sizeof(struct entry) <= 448, "ten thousand entries must stay cheap");

struct bucket;
struct source_call;
TAILQ_HEAD(bucket_list, bucket);
TAILQ_HEAD(entry_list, entry);
TAILQ_HEAD(call_list, source_call);

struct vault {
        struct vault_deps deps;
        uv_timer_t pump, tick;
        struct entry_list entries;  // all, until their memory goes
        struct bucket_list buckets; // with those that wait to start
        struct entry_list settling; // have waiters that can be completed
        struct call_list answers;   // calls of source.c that can be answered
        struct vault_pacing pacing; // complete
        struct entry *starting;     // while its provider starts, and has not asked for its base yet
        uint64_t queued;            // entries so far, in all buckets
        int64_t wall_less_boot_ms;  // when everything was last planned
        int64_t boot_less_loop_ms;  // likewise
        bool is_closing;
        unsigned open_handles;
        void (*closed)(void *arg);
        void *closed_arg;
};

// entry.c
bool entry_may_serve(const struct entry *e, int64_t now_ms);
bool entry_is_fetching(const struct entry *e);       // a flight whose result will count is under way or about to start
const char *entry_shown_name(const struct entry *e); // for messages
void entry_forget(struct entry *e);                  // wipes what is held, and the failures
void entry_forget_rendering(struct entry *e);
void entry_keep_error(struct entry *e, const struct error *error);
void entry_report(struct entry *e, enum vault_event event, int64_t duration_ms, const struct error *error);
void entry_free_when_done(struct entry *e); // retired, and nothing outstanding: memory goes from the loop

// plan.c
int64_t plan_serve_until_ms(const struct vault *v, const struct credentials *c);
void plan_refresh(struct entry *e); // after an attempt
void plan_again(struct entry *e);   // a clock or a setting changed; keeps the dice, never prolongs a backoff
void plan_no_later_than(struct entry *e, int64_t at_ms);
void plan_arm(struct entry *e); // sets the timer for whatever comes next
int64_t plan_clock_ms(const struct entry *e);

// bucket.c
struct bucket *bucket_join(struct vault *v, const char *upstream); // NULL: out of memory
void bucket_leave(struct entry *e);
void bucket_queue(struct entry *e, bool is_urgent); // never makes it less urgent than it is
void bucket_unqueue(struct entry *e);               // fine when it does not queue
struct entry *bucket_next(struct vault *v); // that may start now: the first of its queue, in which it stays; or NULL
int64_t bucket_wait_ms(struct vault *v);    // until there is one; ENTRY_NEVER: none, unless something else happens
void bucket_begin_flight(struct entry *e);  // out of the queue; its call counts as begun
void bucket_end_flight(struct entry *e);
void bucket_postpone_call(struct entry *e);   // it does not begin now
int64_t bucket_call_wait_ms(struct entry *e); // until it may
void bucket_begin_call(struct entry *e);      // it does
void bucket_set_pacing(struct vault *v, const struct vault_pacing *pacing);

// refresh.c
void refresh_request(struct entry *e, bool is_urgent); // starts from the loop, unless one is under way
void refresh_start(struct entry *e);                   // called by the pump alone
void refresh_abandon(struct entry *e);                 // dequeues, or cancels: the result will not count

// waiters.c
bool waiters_has_life(const struct entry *e, int64_t min_life_s, int64_t now_ms); // that much can be served
bool waiters_are_there(const struct entry *e);                                    // that do not merely watch
void waiters_settle(struct entry *e);                                             // completes those that can be
void waiters_settle_flight(struct entry *e, const struct error *failure);         // the same, a flight has just ended

// source.c
bool source_answer_next(struct vault *v); // the first of v->answers whose time has come; false: none
int64_t source_wait_ms(struct vault *v);  // until there is one; ENTRY_NEVER: none

// login.c
void login_watch(struct entry *e); // from now on hears of its provider's logins

// vault.c
void vault_settle_soon(struct entry *e); // waiters_settle() from the loop
void vault_pump_soon(struct vault *v);
void vault_entry_gone(struct vault *v); // one less in v->entries

#endif
