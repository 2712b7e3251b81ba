// SPDX-License-Identifier: Apache-2.0
// Ends the login to IAM Identity Center as `aws sso logout` does: removes the token's file, then has the service revoke
// the token (Logout). That the service does not answer undoes nothing.
#ifndef SIDECAR_PROVIDERS_SSO_LOGOUT_H
#define SIDECAR_PROVIDERS_SSO_LOGOUT_H

#include "sidecar/providers/sso_token.h"
#include "sidecar/providers/upstream_call.h"

struct file_task;

struct sso_logout {
        struct provider *provider; // provider_login_moved() follows at the end
        struct upstream_call call;
        struct file_task *task; // removes the file; NULL: none does
        struct buffer pending;  // the token's text that was in memory alone
        struct sso_token token; // to revoke
        bool is_under_way;
        bool has_failed;    // the file is still there: `error` says why
        struct error error; // else why the token could not be revoked; of kind ERROR_NONE: it was, or there was none
};

void sso_logout_init(struct sso_logout *l, struct provider *provider);
void sso_logout_deinit(struct sso_logout *l); // gives up what is under way

// Begins, or joins what is under way. `pending`: the text of a token that is in memory alone, or empty. 0: the end
// follows, from the loop. -1 with *e.
MUST_CHECK int sso_logout_begin(struct sso_logout *l, struct slice pending, struct error *e);

#endif
