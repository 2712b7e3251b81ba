// SPDX-License-Identifier: Apache-2.0
// Cache and refresher: one entry a profile, each with its provider, its credentials and its timer. Never loses a good
// credential, never hands out a bad one. One thread.
#ifndef SIDECAR_VAULT_VAULT_H
#define SIDECAR_VAULT_VAULT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "proto/mem/secret.h"
#include "sidecar/base/error.h"
#include "sidecar/base/provider_facts.h"
#include "sidecar/providers/login.h"
#include "sidecar/providers/provider.h"

struct clock;
struct credentials;
struct entry;
struct uv_loop_s;
struct vault;

enum entry_state { ENTRY_EMPTY, ENTRY_FETCHING, ENTRY_FRESH, ENTRY_STALE, ENTRY_FAILED, ENTRY_STATE_COUNT };
const char *entry_state_name(enum entry_state state);

// Told about what happens; for logs, metrics and events. May read an entry, must not change anything in the vault.
enum vault_event {
        VAULT_ROTATED, // a refresh succeeded, and there is a new generation
        // A refresh succeeded, but what was held before stays, and with it the generation: the source gave the same
        // once more, or what ends sooner. Where the refresh was asked for, that replaces it too; and so it does where
        // it is another account's or role's, or where what was held had no end.
        VAULT_REFRESHED,
        VAULT_REFRESH_FAILED,
        VAULT_EXPIRED,
        VAULT_DROPPED,
        VAULT_EVENT_COUNT
};
struct vault_observer {
        // `duration_ms` of the refresh; `e` with VAULT_REFRESH_FAILED, else NULL.
        void (*event)(void *context, struct entry *entry, enum vault_event event, int64_t duration_ms,
                      const struct error *e);
        void *context;
};

struct vault_deps {
        struct uv_loop_s *loop;
        const struct clock *clock;
        uint32_t (*random)(void *context); // for jitter
        void *random_context;
        struct vault_observer observer;
        // Wipes what was derived from credentials that an entry uses no more (signing keys). NULL: nothing was.
        void (*wipe_derived)(void *context, const struct credentials *c);
        void *wipe_context;
};

struct vault *vault_new(const struct vault_deps *deps);

// Cancels and closes everything; waiters complete with ERROR_CANCELLED. `closed` is called once the memory is gone.
void vault_close(struct vault *v, void (*closed)(void *arg), void *arg);

struct entry_options {
        const char *name; // copied
        // Whom messages are about, where a person cannot ask for `name`; copied. NULL: for that.
        const char *shown_name;
        bool on_demand; // no refresh until somebody asks; dropped after 15 min without a request, unless it would take
                        // somebody's work to get what is held once more
        int64_t refresh_before_seconds;
        const char *upstream;      // whom the provider calls: calls of all to one are paced. Copied; NULL: nobody
        bool needs_interaction;    // every fetch takes a person: none by itself but the first, and what is held is kept
        int64_t recheck_seconds;   // what never expires is asked for again after this long; 0: it is not
        uint64_t after_generation; // vault_add(): generations go on from here, where they are an earlier entry's
        // vault_add(): the credentials of this entry, which is about to be retired, are good for the new one, too. It
        // has them, their generation and its counters, a refusal as well (entry_drop()), and serves them until its own
        // provider brings others, which it is asked for at once, or they end. NULL: it begins with nothing.
        const struct entry *carry_over;
};

// How much each upstream is asked at most; 0: the default.
enum { VAULT_CALLS_PER_SECOND = 100, VAULT_BURST = 20, VAULT_CONCURRENCY = 64 };
struct vault_pacing {
        int64_t calls_per_second; // in any one second, each from its begin to a second after its end; up to 10,000
        int64_t burst;            // that begin at once; no more than all of them count
        int64_t concurrency;      // that are under way
};
// From now on; until then the defaults.
void vault_set_pacing(struct vault *v, const struct vault_pacing *pacing);

// Adds an entry; takes over the provider (also on failure, which is NULL: out of memory, or the vault is closing). The
// first fetch of an eager entry starts from the loop; many at once are spread over its turns.
struct entry *vault_add(struct vault *v, const struct entry_options *options, struct provider *provider);

// Whether there is anything that another could inherit: credentials that may be served, or a refusal.
bool entry_has_carry_over(const struct entry *entry);

// Changes what may change without a new identity. Name and upstream stay. What has failed, but for throttling, is tried
// again soon (5 s after the last attempt), as what was wrong may have been corrected.
void entry_configure(struct entry *entry, const struct entry_options *options);

// Removes an entry: its waiters complete with `reason` (from the loop), a running provider is cancelled, memory goes
// later. Entries that are chained on it are retired before it, or in the same turn of the loop.
void entry_retire(struct entry *entry, const struct error *reason);

const char *entry_name(const struct entry *entry);

// The credentials if they may be handed out now (more than LIMIT_MIN_LIFE_S to live), borrowed until control returns
// to the loop; else NULL. Counts as a request for an on-demand entry. This is the hot path.
struct credentials *entry_peek(struct entry *entry);

// A text that the caller has made of what entry_peek() returns. The entry keeps one in secret memory, and wipes it when
// these credentials go: at a rotation, a drop, their end, the entry's own.
struct entry_rendering {
        struct secret text;
        size_t mark; // an offset in it, for the caller's use
};
// Borrowed as by entry_peek(), which it counts as. NULL: there are no credentials, or nothing was rendered of them yet.
const struct entry_rendering *entry_rendering(struct entry *entry);
// Copies `text`, while entry_peek() gives credentials and nothing was rendered of them. NULL: out of memory.
const struct entry_rendering *entry_keep_rendering(struct entry *entry, struct slice text, size_t mark);

// Of what is held or was held last: grows with each new credentials. What it began with, or 0: never had any.
uint64_t entry_generation(const struct entry *entry);

// The upstream's wall time now as this entry knows it, seconds; for signing.
int64_t entry_now_s(const struct entry *entry);

enum vault_want {
        // Any that may be served, and live min_life_s if that can be had.
        // Held ones that do complete it. Else it joins the fetch under way, or starts one, and completes with its
        // outcome: what then may be served even if it lives shorter, or the error. A failure that is still fresh is not
        // repeated on request: after ERROR_DENIED and ERROR_CONFIG the same error is the answer for 5 s, not
        // at all after ERROR_INTERACTION (the person may have acted since, and to see that takes no call); after
        // ERROR_THROTTLED the wait is for the attempt that the backoff has planned; after anything else the next
        // attempt comes 1 s after the last, or earlier where the backoff has it so. Likewise a min_life_s that cannot
        // be had asks the source again only 30 s after its last success; until then what is held is given.
        VAULT_WANT_CREDENTIALS,
        VAULT_WANT_NEWER,   // a generation above after_generation; joins whatever comes, starts nothing
        VAULT_WANT_REFRESH, // starts a refresh now unless one is under way, and gets its result
        VAULT_WANT_LOGIN    // until a login that was begun is past LOGIN_STARTING; `done` then gets neither
};

// A waiter lives in its owner, zeroed before its first use. `done` is called once, from the loop, never from inside
// entry_wait(); with `c` borrowed, or with `e` on failure. It may call whatever it likes in here. After
// entry_wait_cancel() it is not called.
struct vault_waiter {
        void (*done)(struct vault_waiter *w, struct credentials *c, const struct error *e);
        uint64_t after_generation; // for VAULT_WANT_NEWER
        int64_t min_life_s;        // for VAULT_WANT_CREDENTIALS
        // the rest is the vault's while waiting
        TAILQ_ENTRY(vault_waiter) link;
        struct entry *entry; // NULL: it does not wait
        enum vault_want want;
};

// The caller bounds the time itself and cancels.
void entry_wait(struct entry *entry, enum vault_want want, struct vault_waiter *w);
void entry_wait_cancel(struct vault_waiter *w); // fine when it is not waiting

// What a person has to do, and how far that is; borrowed as by entry_peek().
void entry_login_status(const struct entry *entry, struct login_status *ret);

// Begins it, see login.h. A code of an MFA device is used by the next refresh, which the caller asks for
// (VAULT_WANT_REFRESH); after a login in a browser the vault refreshes by itself. 0, or -1 with *e.
int entry_login(struct entry *entry, struct slice token_code, struct error *e);

// A source for chained providers on this entry. Stays valid as long as the entry.
struct credentials_source entry_source(struct entry *entry);

// Forgets the credentials, cancels a fetch under way, and refuses (ERROR_CANCELLED with a hint, at once) until the next
// successful refresh, which only VAULT_WANT_REFRESH starts.
void entry_drop(struct entry *entry);

struct entry_status {
        enum entry_state state;
        bool is_fetching;
        int64_t expires_s;      // 0: none held; CREDENTIALS_NEVER_EXPIRE
        int64_t next_refresh_s; // 0: none planned
        int64_t last_success_s; // 0: none
        uint64_t generation, successes, failures;
        unsigned failures_in_row;
        const struct error *last_error;            // since the last success, or NULL; borrowed
        struct slice account_id, assumed_role_arn; // borrowed likewise; empty: unknown
};
void entry_status(const struct entry *entry, struct entry_status *ret);

// What its provider has learned; borrowed until control returns to the loop. NULL: it is none that learns anything.
const struct provider_facts *entry_facts(const struct entry *entry);

// The wall clock was stepped or the machine resumed: plan every entry anew. (The vault also notices by itself.)
void vault_replan(struct vault *v);

#endif
