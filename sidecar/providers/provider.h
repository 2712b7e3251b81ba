// SPDX-License-Identifier: Apache-2.0
// A provider obtains credentials from one source, once per call, asynchronously.
//
// The contract: start() < 0: nothing started, `done` is never called. start() == 0: `done` is called exactly once, and
// never before start() has returned. cancel(): `done` still fires, once. One call at a time.
#ifndef SIDECAR_PROVIDERS_PROVIDER_H
#define SIDECAR_PROVIDERS_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "sidecar/base/error.h"

struct credentials;
struct login_ops;
struct profile;
struct provider;
struct provider_facts;

// On success `c` carries one reference that the callee takes over, and `e` is NULL; on failure `c` is NULL.
typedef void provider_done_fn(void *arg, struct credentials *c, const struct error *e);

struct provider_ops {
        int (*start)(struct provider *p, struct error *e); // finishes through provider_finish()
        void (*cancel)(struct provider *p);
        void (*destroy)(struct provider *p);
};

struct provider {
        const struct provider_ops *ops;
        const struct profile *profile;      // what is fetched; constructors set it, registry_make() holds it
        const struct profile *next_profile; // held: replaces it when the call under way ends. NULL: none does
        provider_done_fn *done;             // owned by provider_start() and provider_finish()
        void *arg;
        bool is_running, is_starting;
        const struct login_ops *login;      // login.h; NULL: never needs a person
        const struct provider_facts *facts; // provider_facts.h; lives as long as the provider. NULL: nothing to tell
        void (*login_moved)(void *arg);     // set by whoever owns the provider; may be NULL
        void *login_arg;
};

// These keep the contract (and assert both halves of it).
int provider_start(struct provider *p, provider_done_fn *done, void *arg, struct error *e);
void provider_cancel(struct provider *p); // nothing happens when it is not running
void provider_free(struct provider *p);   // must not be running; NULL is fine
void provider_finish(struct provider *p, struct credentials *c, const struct error *e); // for implementations

// Goes on with `profile`, which has the same identity (profile_same_identity()) and of which it takes a reference: at
// once, or when the call under way has ended. All that it has learned stays: clocks, tokens, a PIN that was refused, a
// login under way.
void provider_set_profile(struct provider *p, const struct profile *profile);

// Where a chained provider gets its base credentials. The vault implements it on its entries, so that every profile
// on one source shares that source's cache and its single flight. `min_life_s`: refresh first if they would not live
// that long. The same contract as a provider's.
struct credentials_source {
        int (*get)(void *context, int64_t min_life_s, provider_done_fn *done, void *arg, struct error *e);
        void (*cancel)(void *context, void *arg); // `arg` as given to get(); `done` still fires, once
        void *context;
};

#endif
