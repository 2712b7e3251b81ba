// SPDX-License-Identifier: Apache-2.0
// The token file of a login that has just succeeded, as the AWS CLI writes it.
#ifndef SIDECAR_PROVIDERS_SSO_NEW_TOKEN_H
#define SIDECAR_PROVIDERS_SSO_NEW_TOKEN_H

#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

struct profile;
struct sso_client;

struct sso_new_token {
        const struct profile *profile;
        const struct sso_client *client; // that the login was made with
        struct slice access, refresh;    // refresh may be empty
        int64_t expires_s;               // wall clock
};

// Writes it into the cache in one step, over what was there. Without a session nothing that renews it is kept, as the
// AWS CLI does. 0, or -1 with *e.
int sso_new_token_write(const struct sso_new_token *token, struct error *e);

#endif
