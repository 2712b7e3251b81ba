// SPDX-License-Identifier: Apache-2.0
// Keeps the cached access token of one profile usable: reads it anew for every use, since the AWS CLI and other agents
// write that file too; renews it by its refresh token before it expires, and writes it back.
#ifndef SIDECAR_PROVIDERS_SSO_KEEPER_H
#define SIDECAR_PROVIDERS_SSO_KEEPER_H

#include "sidecar/base/clock.h"
#include "sidecar/providers/held_file.h"
#include "sidecar/providers/registry.h"
#include "sidecar/providers/sso_token.h"

struct delay;
struct http_call;

enum { SSO_KEEPER_LATER = 0, SSO_KEEPER_THERE = 1 };

struct sso_keeper {
        struct provider_deps deps;
        const struct provider *provider; // whose profile it reads
        // Ends sso_keeper_get(): `e` is NULL when k->token is there.
        void (*done)(void *owner, const struct error *e);
        void *owner;
        struct upstream_clock time; // the services' clock; whoever asks the portal learns it too
        struct sso_token token;     // of the last sso_keeper_get()
        struct held_file file;      // what it was read from, or would have been; known by its access token
        struct buffer refused;      // the access token that the portal refused
        struct buffer spent;        // the refresh token that the token service refused
        struct http_call *call;
        struct delay *delay;
        unsigned waits;
        bool is_cancelled;
        bool is_overtaken; // by a login, since the call began
};

void sso_keeper_init(struct sso_keeper *k, const struct provider_deps *deps, const struct provider *provider);
void sso_keeper_deinit(struct sso_keeper *k); // nothing may be under way

// A token to make a call with; not `refused` (may be empty). SSO_KEEPER_THERE: it is in k->token. SSO_KEEPER_LATER:
// k->done follows, once, from the loop. -1 with *e: ERROR_INTERACTION where a person has to log in.
int sso_keeper_get(struct sso_keeper *k, struct slice refused, struct error *e);

// A login's token that could not be written: `text`, as the file would have it, is in force from here on, and is
// written when that can be done. 0, or -1 with *e: it cannot be held, either.
int sso_keeper_hold(struct sso_keeper *k, struct slice text, struct error *e);

void sso_keeper_cancel(struct sso_keeper *k); // k->done still fires when it was to come

#endif
