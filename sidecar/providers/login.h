// SPDX-License-Identifier: Apache-2.0
// What a person has to do before a provider can fetch, and how far that is. A provider that never needs a person has no
// struct login_ops.
#ifndef SIDECAR_PROVIDERS_LOGIN_H
#define SIDECAR_PROVIDERS_LOGIN_H

#include "sidecar/base/error.h"
#include "sidecar/base/login_status.h"

struct provider;

struct login_ops {
        // LOGIN_MFA: takes the code (6 digits) for the next fetch. LOGIN_SSO: begins, or joins what was begun;
        // provider_login_moved() follows. 0, or -1 with *e.
        int (*begin)(struct provider *p, struct slice token_code, struct error *e);
        void (*status)(const struct provider *p, struct login_status *ret);
};

// For callers: of any provider.
int provider_login(struct provider *p, struct slice token_code, struct error *e);
void provider_login_status(const struct provider *p, struct login_status *ret);

// For implementations: the state is another one. Never from within login_ops.
void provider_login_moved(struct provider *p);

#endif
