// SPDX-License-Identifier: Apache-2.0
// The device authorization flow of IAM Identity Center: registers a client (or takes the AWS CLI's registration), asks
// for a code, waits until a user has confirmed it in a browser, and writes the token where the AWS CLI keeps it.
#ifndef SIDECAR_PROVIDERS_SSO_LOGIN_H
#define SIDECAR_PROVIDERS_SSO_LOGIN_H

#include "sidecar/providers/sso_client.h"
#include "sidecar/providers/upstream_call.h"

struct delay;
struct file_task;
struct sso_token_cache;

struct sso_login_codes {
        struct slice device, user, uri, uri_complete;
        int64_t expires_s, interval_s;
};

struct sso_login {
        struct provider *provider;     // provider_login_moved() follows whenever the state is another one
        struct sso_token_cache *cache; // takes over a token that cannot be written
        struct upstream_call call;
        enum login_state state;
        struct error error; // LOGIN_COMPLETE: why the token could not be written; of kind ERROR_NONE: it is
        struct sso_client client;
        struct buffer text; // of the answer with the codes, which point into it
        struct sso_login_codes codes;
        int64_t ends_ms; // boot clock
        struct delay *delay;
        struct file_task *task; // reads or writes a file; NULL: none does
        struct buffer token;    // as its file is to have it, until it is written
        bool was_client_kept;
        bool is_tried; // a fetch has begun since its end
};

void sso_login_init(struct sso_login *l, struct provider *provider, struct sso_token_cache *cache);
void sso_login_deinit(struct sso_login *l); // gives up what is under way

// Begins anew, or joins what is under way. 0, or -1 with *e.
MUST_CHECK int sso_login_begin(struct sso_login *l, struct error *e);

// What a fetch shows of the last login: one that has to be repeated is not complete any more, nor is one a failure any
// more that was not needed: it becomes idle.
void sso_login_fetch_begins(struct sso_login *l);
void sso_login_fetch_ended(struct sso_login *l, bool has_credentials, bool needs_interaction);

// Gives up what is under way, and forgets how the last one ended.
void sso_login_cancel(struct sso_login *l);

void sso_login_status(const struct sso_login *l, struct login_status *ret);

#endif
