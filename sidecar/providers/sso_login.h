// SPDX-License-Identifier: Apache-2.0
// The device authorization flow of IAM Identity Center: registers a client (or takes the AWS CLI's registration), asks
// for a code, waits until a person has confirmed it in a browser, and writes the token where the AWS CLI keeps it.
#ifndef SIDECAR_PROVIDERS_SSO_LOGIN_H
#define SIDECAR_PROVIDERS_SSO_LOGIN_H

#include <stdbool.h>

#include "sidecar/providers/login.h"
#include "sidecar/providers/registry.h"

struct sso_login; // opaque

struct sso_login_owner {
        void (*moved)(void *owner); // from the loop, whenever the state is another one
        // Takes over a token that could not be written: `text` is what the file would hold. 0, or -1 with *e.
        int (*hold)(void *owner, struct slice text, struct error *e);
        void *owner;
};

// NULL: out of memory. Every step of a login reads the profile that `provider` has then.
struct sso_login *sso_login_new(const struct provider_deps *deps, const struct provider *provider,
                                const struct sso_login_owner *owner);

// Gives up what is under way; memory goes once that has ended. `moved` is not called any more. NULL is fine.
void sso_login_free(struct sso_login *l);

// Begins anew, or joins what is under way. 0, or -1 with *e.
int sso_login_begin(struct sso_login *l, struct error *e);

// How its end turned out, by a fetch: tell that it begins, and how it ended. A login that a person has to repeat is not
// complete any more, nor is one a failure any more that was not needed: nothing was begun then.
void sso_login_fetch_begins(struct sso_login *l);
void sso_login_fetch_ended(struct sso_login *l, bool has_credentials, bool needs_interaction);

void sso_login_status(const struct sso_login *l, struct login_status *ret);

#endif
