// SPDX-License-Identifier: Apache-2.0
// A web identity token from the token service of GitHub Actions. It lives a few minutes, so every exchange has its own.
// Loop thread only.
#ifndef SIDECAR_PROVIDERS_GITHUB_TOKEN_H
#define SIDECAR_PROVIDERS_GITHUB_TOKEN_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct http_call;
struct http_client;
struct profile;

// `token`: borrowed, with `e` NULL; or *e.
typedef void github_token_done_fn(void *arg, struct slice token, const struct error *e);

struct github_token {
        struct http_call *call; // NULL: none under way
        github_token_done_fn *done;
        void *arg;
        bool is_cancelled;
};

// Asks for one, as the profile's web_identity says. 0: `done` is called exactly once, later. -1 with *e: never.
int github_token_start(struct github_token *g, const struct profile *profile, struct http_client *http,
                       struct error *e);

// `done` still fires, once, with ERROR_CANCELLED. Nothing happens when none is under way.
void github_token_cancel(struct github_token *g);

// The token in an answer with status 200: 0 and *ret, which points into `scratch` (initialised by the caller; it holds
// a secret), or -1 with *e.
MUST_CHECK int github_token_read(struct slice body, struct buffer *scratch, struct slice *ret, struct error *e);

#endif
