// SPDX-License-Identifier: Apache-2.0
// A provider obtains credentials from one source, once per call, asynchronously.
//
// The contract: start() < 0: nothing started, `done` is never called. start() == 0: `done` is called exactly once, and
// never before start() has returned. cancel(): `done` still fires, once, with ERROR_CANCELLED. One call at a time.
#ifndef SIDECAR_PROVIDERS_PROVIDER_H
#define SIDECAR_PROVIDERS_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/error.h"
#include "sidecar/base/login_status.h"

struct credentials;
struct env;
struct http_client;
struct profile;
struct provider;
struct provider_facts;
struct running_commands;
struct signer;
struct uv_loop_s;
struct workers;

// On success `c` carries one reference that the callee takes over, and `e` is NULL; on failure `c` is NULL.
typedef void provider_done_fn(void *arg, struct credentials *c, const struct error *e);

// Where a chained provider gets its base credentials. The vault implements it on its entries, so that every profile
// on one source shares that source's cache and its single flight. `min_life_s`: refresh first if they would not live
// that long. The same contract as a provider's.
struct credentials_source {
        int (*get)(void *context, int64_t min_life_s, provider_done_fn *done, void *arg, struct error *e);
        void (*cancel)(void *context, void *arg); // `arg` as given to get(); `done` still fires, once
        void *context;
};

struct provider_deps {
        struct uv_loop_s *loop;
        const struct clock *clock;
        struct http_client *http;
        struct signer *signer;
        struct workers *workers;           // for keys that may hang
        const struct env *env;             // for commands that are run; NULL: an empty one
        struct running_commands *commands; // where these are entered while they run; NULL: nowhere
};

// A login that a source may need from time to time.
struct login_ops {
        // LOGIN_MFA: takes the code (6 digits) for the next fetch. LOGIN_SSO: begins, or joins the one under way;
        // provider_login_moved() follows. 0, or -1 with *e.
        int (*begin)(struct provider *p, struct slice token_code, struct error *e);
        void (*status)(const struct provider *p, struct login_status *ret);
        // Ends the login, and forgets what it brought: LOGIN_ENDING, then provider_login_moved(), unless that is done
        // at once. Meanwhile no fetch begins. What was there of it is gone in any case but LOGIN_FAILED. 0, or -1 with
        // *e.
        int (*end)(struct provider *p, struct error *e);
};

// What a source implements.
struct provider_ops {
        int (*start)(struct provider *p, struct error *e); // finishes through provider_finish()
        void (*cancel)(struct provider *p);                // NULL: what is under way ends by itself, soon
        void (*destroy)(struct provider *p);               // frees *p too; NULL: there is nothing else to free
        // For registry_make():
        size_t size; // of the source's struct, which begins with its struct provider
        bool is_chained;
        int (*init)(struct provider *p, struct error *e); // the rest of it is zero; NULL: stays so
        const struct login_ops *login;
};

struct provider {
        const struct provider_ops *ops;
        struct provider_deps deps;
        struct credentials_source source;   // of a chained one
        const struct profile *profile;      // what is fetched; held
        const struct profile *next_profile; // held: replaces it when the call under way ends. NULL: none does
        struct upstream_clock time;         // the source's
        provider_done_fn *done;             // owned by provider_start() and provider_finish()
        void *arg;
        bool is_running, is_starting;
        bool is_cancelled;                  // the call under way
        const struct login_ops *login;      // NULL: never needs one
        const struct provider_facts *facts; // provider_facts.h; lives as long as the provider. NULL: there are none
        void (*login_moved)(void *arg);     // set by the provider's owner; may be NULL
        void *login_arg;
};

// These keep the contract (and assert both halves of it).
MUST_CHECK int provider_start(struct provider *p, provider_done_fn *done, void *arg, struct error *e);
void provider_cancel(struct provider *p); // nothing happens when it is not running
void provider_free(struct provider *p);   // must not be running; NULL is fine

// For implementations. After provider_cancel() the credentials are released, and the error is ERROR_CANCELLED.
void provider_finish(struct provider *p, struct credentials *c, const struct error *e);

// For callers.
MUST_CHECK int provider_login(struct provider *p, struct slice token_code, struct error *e);
MUST_CHECK int provider_logout(struct provider *p, struct error *e);
void provider_login_status(const struct provider *p, struct login_status *ret);

// For implementations: the state of the login is another one. Never from within login_ops.
void provider_login_moved(struct provider *p);

// Goes on with `profile`, which has the same identity (profile_same_identity()) and of which it takes a reference: at
// once, or when the call under way has ended. All that it has learned stays: clocks, tokens, a PIN that was refused, a
// login under way.
void provider_set_profile(struct provider *p, const struct profile *profile);

#endif
