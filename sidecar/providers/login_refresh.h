// SPDX-License-Identifier: Apache-2.0
// CreateOAuth2Token of AWS Sign-In: a refresh token, which is good for one use, for new credentials and the next one.
// The operations of an upstream call (upstream_call.h).
#ifndef SIDECAR_PROVIDERS_LOGIN_REFRESH_H
#define SIDECAR_PROVIDERS_LOGIN_REFRESH_H

#include "sidecar/providers/login_session.h"
#include "sidecar/providers/upstream_call.h"

struct slice login_refresh_subject(const struct profile *p);

MUST_CHECK int login_refresh_write(const struct profile *p, const struct login_session *session,
                                   struct upstream_request *r, struct error *e);

MUST_CHECK int login_refresh_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e);

// 0 when the answer has credentials, their life and a refresh token; else -1 with *e.
MUST_CHECK int login_refresh_check(const struct answer *answer, struct error *e);

// ERROR_INTERACTION from here on: the refresh token was refused for good.
void login_refresh_explain(const struct profile *p, struct error *e);

#endif
