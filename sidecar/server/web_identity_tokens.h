// SPDX-License-Identifier: Apache-2.0
// The web identity tokens that clients have asked for: for each profile and each set of parameters one entry of the
// vault, which renews the token while it is asked for, and wipes it. Their number is limited for each uid; the one that
// was used least recently goes first.
#ifndef SIDECAR_SERVER_WEB_IDENTITY_TOKENS_H
#define SIDECAR_SERVER_WEB_IDENTITY_TOKENS_H

#include <sys/queue.h>
#include <sys/types.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"
#include "sidecar/base/web_identity_request.h"

struct server;
struct server_profile;

enum {
        LIMIT_WEB_IDENTITY_TOKENS_N = 1024,     // of all uids
        LIMIT_WEB_IDENTITY_TOKENS_OF_UID_N = 64 // that one uid was the first to ask for
};

TAILQ_HEAD(web_identity_list, web_identity_token);

struct web_identity_tokens {
        struct web_identity_list list; // the most recently used first
};

void web_identity_tokens_init(struct web_identity_tokens *tokens);

// The entry of the token with these parameters; makes it if there is none, on the account of `uid`. NULL with *e:
// ERROR_THROTTLED where all that this uid may have are being fetched, ERROR_INTERNAL without memory.
MUST_CHECK struct entry *web_identity_tokens_get(struct server *s, const struct server_profile *profile, uid_t uid,
                                                 const struct web_identity_endpoint *at,
                                                 const struct web_identity_request *request, struct error *e);

// Forgets the tokens of a profile: wipes them, and ends the requests that wait for them.
void web_identity_tokens_drop(struct server *s, const struct server_profile *profile);

// The server has another table of profiles: forgets the tokens of those that are gone or have other credentials.
void web_identity_tokens_update(struct server *s);

// The entries are the vault's, which ends them.
void web_identity_tokens_free(struct web_identity_tokens *tokens);

#endif
