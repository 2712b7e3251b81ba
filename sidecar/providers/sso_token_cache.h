// SPDX-License-Identifier: Apache-2.0
// Keeps the cached access token of one profile usable: reads it anew for every use, since the AWS CLI and other agents
// write that file too; renews it by its refresh token before it expires, and writes it back.
#ifndef SIDECAR_PROVIDERS_SSO_TOKEN_CACHE_H
#define SIDECAR_PROVIDERS_SSO_TOKEN_CACHE_H

#include "sidecar/providers/sso_token.h"
#include "sidecar/providers/token_file.h"
#include "sidecar/providers/upstream_call.h"

struct sso_token_cache {
        struct provider *provider;
        // Ends sso_token_cache_get(): `e` is NULL when the token is ready.
        void (*done)(struct provider *p, const struct error *e);
        struct sso_token token;       // of the last sso_token_cache_get()
        struct token_file file;       // known by its access token
        struct buffer refused;        // the access token that the portal refused
        struct buffer spent;          // the refresh token that the token service refused
        struct upstream_call renewal; // not cancelled: it may have spent the refresh token
        bool is_overtaken;            // by a login, since the renewal began
        struct error failure;         // of the renewal, while it is seen whether there is another token
};

void sso_token_cache_init(struct sso_token_cache *k, struct provider *provider,
                          void (*done)(struct provider *p, const struct error *e));
void sso_token_cache_deinit(struct sso_token_cache *k); // nothing may be under way

// A token to make a call with; not `refused` (may be empty). 0: k->done follows, once, from the loop, whether or not
// the provider is cancelled: with the token in k->token, or ERROR_INTERACTION where a login is needed. -1 with *e:
// nothing follows.
MUST_CHECK int sso_token_cache_get(struct sso_token_cache *k, struct slice refused, struct error *e);

// A login's token that could not be written: `text`, as the file would have it, is in force from here on, and is
// written when that can be done. `seen`: what the file has instead. 0, or -1 with *e: it cannot be kept in memory,
// either.
MUST_CHECK int sso_token_cache_hold(struct sso_token_cache *k, struct slice text, struct slice seen, struct error *e);

// The user logs out: drops a token that is in memory alone, and what a renewal under way will bring.
void sso_token_cache_forget(struct sso_token_cache *k);

#endif
