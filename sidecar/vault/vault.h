// SPDX-License-Identifier: Apache-2.0
// Cache and refresher: one entry for each profile, with its provider, its credentials and its timer. Keeps credentials
// until they end or better ones come, and never hands out those that have ended. One thread.
#ifndef SIDECAR_VAULT_VAULT_H
#define SIDECAR_VAULT_VAULT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "proto/mem/must_check.h"
#include "proto/mem/secret.h"
#include "sidecar/base/error.h"
#include "sidecar/base/login_status.h"
#include "sidecar/base/provider_facts.h"

struct credentials_source;
struct provider;
struct clock;
struct credentials;
struct entry;
struct uv_loop_s;
struct vault;

enum entry_state {
        ENTRY_EMPTY,
        ENTRY_FETCHING,
        ENTRY_FRESH,
        ENTRY_STALE,    // valid, though the last refresh failed
        ENTRY_EXPIRING, // in the last minute
        ENTRY_FAILED,
        ENTRY_STATE_COUNT
};
const char *entry_state_name(enum entry_state state);

enum vault_event {
        VAULT_ROTATED, // a refresh succeeded, and there is a new generation
        // A refresh succeeded, but the credentials stay, and with them the generation: the source gave the same again,
        // or credentials that end sooner. (These replace them where the refresh was asked for, where they are another
        // account's or role's, and where those that are held never end.)
        VAULT_REFRESHED,
        VAULT_REFRESH_FAILED,
        VAULT_EXPIRING, // the last minute of a generation has begun, and there is no newer one; once for each
        VAULT_EXPIRED,  // they have ended, and the refresh at their end has brought no others within 2 s
        VAULT_DROPPED,
        VAULT_EVENT_COUNT
};
// For logs, metrics and events. May read an entry, must not change anything in the vault.
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
};

MUST_CHECK struct vault *vault_new(const struct vault_deps *deps);

// Cancels and closes everything; waiters complete with ERROR_CANCELLED. `closed` is called once the memory is gone.
void vault_close(struct vault *v, void (*closed)(void *arg), void *arg);

struct entry_options {
        const char *name; // copied
        // The profile that messages name where users cannot ask for `name`; copied. NULL: `name`.
        const char *shown_name;
        bool on_demand; // no refresh until a client asks; dropped after 15 min without a request, unless a user or an
                        // operator would have to act to replace the credentials
        int64_t refresh_before_seconds;
        const char *upstream;      // the endpoint that the provider calls, for pacing. Copied; NULL: none
        bool needs_interaction;    // every fetch takes a user: only the first starts by itself, and an idle entry stays
        int64_t recheck_seconds;   // credentials that never expire are fetched again after this long; 0: never
        uint64_t after_generation; // vault_add(): the first is numbered one more than this
        // vault_add(): an entry that is about to be retired. The new one takes over its credentials, generation,
        // counters and refusal (entry_drop()), and serves the credentials until they end or its own provider, which is
        // asked at once, gives others. NULL: it begins with nothing.
        const struct entry *carry_over;
};

// The limits of calls to each endpoint; 0: the default.
enum { VAULT_CALLS_PER_SECOND = 100, VAULT_BURST = 20, VAULT_CONCURRENCY = 64 };
struct vault_pacing {
        int64_t calls_per_second; // in any second, each counted until a second after its end; up to 10,000
        int64_t burst;            // begin at once; cut to calls_per_second
        int64_t concurrency;      // under way
};
void vault_set_pacing(struct vault *v, const struct vault_pacing *pacing);

// Adds an entry; takes over the provider (also on failure, which is NULL: out of memory, or the vault is closing). The
// first fetch of an eager entry starts from the loop; many at once are spread over its turns.
MUST_CHECK struct entry *vault_add(struct vault *v, const struct entry_options *options, struct provider *provider);

// Whether there is anything to carry over: credentials that may be served, or a refusal.
bool entry_has_carry_over(const struct entry *entry);

// Applies options that may change without a new entry; name and upstream stay. A refresh that has failed, except by
// throttling, is tried again 5 s after the last attempt at the latest: its cause may have been corrected.
void entry_configure(struct entry *entry, const struct entry_options *options);

// Removes an entry: wipes its credentials, completes its waiters with `reason` (from the loop), cancels a running
// provider, and frees the memory later. Entries that are chained on it are retired before it, or in the same turn of
// the loop.
void entry_retire(struct entry *entry, const struct error *reason);

const char *entry_name(const struct entry *entry);

// The last minute. A client's request passes through these steps, and the entry through them as its credentials age:
//
//        more than LIMIT_MIN_LIFE_S       entry_peek() gives them
//   then more than LIMIT_LAST_LIFE_S      entry_wait() seeks better ones: it joins or begins a refresh, unless one
//   ended
//                                         less than 5 s ago, and waits for it until 2 s after its begin; then
//                                         entry_last_resort() gives what there is
//   then until the end                    nothing is given; a request waits for the refresh at the end
//
// A refresh is due at the end of what the source gave last, whatever has happened before: a source may keep its
// credentials to their end.

// The credentials if they may be handed out now (more than LIMIT_MIN_LIFE_S to live), borrowed until control returns
// to the loop; else NULL. Counts as a request for an on-demand entry. This is the hot path.
struct credentials *entry_peek(struct entry *entry);

// For requests that have waited, or do not wait: the same, or else what is valid for more than LIMIT_LAST_LIFE_S; that
// is counted (entry_status). Called once for each answer.
struct credentials *entry_last_resort(struct entry *entry);
bool entry_has_last_resort(const struct entry *entry); // and nothing better

// A text that the caller has rendered from the credentials. The entry keeps one in secret memory, and wipes it when
// these credentials are replaced, dropped or expire, and when the entry is retired.
struct entry_rendering {
        struct secret text;
        uint32_t mark; // an offset in it, for the caller's use
        uint32_t form; // which of its documents it is, likewise
};
// Of the credentials that entry_peek() or entry_last_resort() has just given, and borrowed like them. NULL: nothing was
// rendered of them yet.
const struct entry_rendering *entry_rendering(const struct entry *entry);
// Copies `text`, while there are such credentials, and wipes what was rendered of them in another form. NULL: out of
// memory.
const struct entry_rendering *entry_keep_rendering(struct entry *entry, struct slice text, uint32_t mark,
                                                   uint32_t form);

// Counts the credentials that the entry has had; it begins at after_generation, or with what was carried over.
uint64_t entry_generation(const struct entry *entry);

// The upstream's wall time now as this entry knows it, in seconds; for signing.
int64_t entry_now_s(const struct entry *entry);

enum vault_want {
        // Credentials that live for min_life_s and LIMIT_MIN_LIFE_S, if the source gives such. Waits for a fetch where
        // the entry holds none, and completes with its outcome: credentials that may be served even if they live
        // shorter, or the error. It starts that fetch, unless one is under way or the last has
        //  - failed with ERROR_DENIED or ERROR_CONFIG less than 5 s ago: completes with that error;
        //  - failed with ERROR_THROTTLED: waits for the attempt that the backoff has planned;
        //  - failed otherwise less than 1 s ago, except with ERROR_INTERACTION: waits for an attempt 1 s after it;
        //  - succeeded less than 30 s ago, with a shorter life: completes with what is held.
        // In the last minute an attempt that has ended holds for 5 s, and completes with what is held; see above.
        VAULT_WANT_CREDENTIALS,
        VAULT_WANT_NEWER,   // a generation above after_generation; starts nothing
        VAULT_WANT_REFRESH, // the result of the refresh under way, or of one that it starts
        VAULT_WANT_LOGIN // until a login is past LOGIN_STARTING, a log-out past LOGIN_ENDING; `done` then gets neither
};

// A waiter lives in its owner, zeroed before its first use. `done` is called once, from the loop, never from inside
// entry_wait(); with `c` borrowed, or with `e` on failure. It may call any function of the vault. After
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

// There is no timeout: the caller cancels.
void entry_wait(struct entry *entry, enum vault_want want, struct vault_waiter *w);
void entry_wait_cancel(struct vault_waiter *w); // fine when it is not waiting

// What the user has to do, and the progress of it; borrowed as by entry_peek().
void entry_login_status(const struct entry *entry, struct login_status *ret);

// Begins it, see login.h. A code of an MFA device is used by the next refresh, which the caller asks for
// (VAULT_WANT_REFRESH); after a login in a browser the vault refreshes by itself. 0, or -1 with *e.
MUST_CHECK int entry_login(struct entry *entry, struct slice token_code, struct error *e);

// Logs out: begins what the provider does for that (VAULT_WANT_LOGIN waits for its end), and wipes what this entry
// holds, and what all have that are chained on it. Unlike entry_drop() it refuses nothing: the next fetch says that a
// login is needed. 0, or -1 with *e.
MUST_CHECK int entry_logout(struct entry *entry, struct error *e);

// A source for chained providers on this entry. Stays valid as long as the entry.
struct credentials_source entry_source(struct entry *entry);

// Wipes the credentials, cancels a fetch under way, and refuses requests (ERROR_CANCELLED with a hint, at once) until
// the next successful refresh, which only VAULT_WANT_REFRESH starts.
void entry_drop(struct entry *entry);

struct entry_status {
        enum entry_state state;
        bool is_fetching;
        int64_t expires_s;      // 0: none held; CREDENTIALS_NEVER_EXPIRE
        int64_t next_refresh_s; // 0: none planned
        int64_t last_success_s; // 0: none
        uint64_t generation, successes, failures;
        uint64_t served_expiring; // answers of entry_last_resort()
        unsigned failures_in_row;
        const struct error *last_error;            // since the last success, or NULL; borrowed
        struct slice account_id, assumed_role_arn; // borrowed likewise; empty: unknown
};
void entry_status(const struct entry *entry, struct entry_status *ret);

// Whether a client asked for the refresh, or the dropping, that was reported last.
bool entry_was_asked_for(const struct entry *entry);

// What its provider has learned; borrowed until control returns to the loop. NULL: its type learns nothing.
const struct provider_facts *entry_facts(const struct entry *entry);

// Whether a refresh, or a login that a user has begun, is under way.
bool vault_is_busy(const struct vault *v);

// Plans every entry anew because the wall clock was stepped or the machine resumed. The vault notices that by itself,
// within 10 s.
void vault_replan(struct vault *v);

#endif
