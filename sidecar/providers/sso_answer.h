// SPDX-License-Identifier: Apache-2.0
// What the calls of IAM Identity Center have in common: those of the token service (OIDC), JSON by POST, and that of
// the portal, one GET. All are unsigned.
#ifndef SIDECAR_PROVIDERS_SSO_ANSWER_H
#define SIDECAR_PROVIDERS_SSO_ANSWER_H

#include "sidecar/providers/upstream_call.h"

// As answer_read_json(), but `scratch` must be able to hold more than twice the body. An answer of any of the calls: a
// token (ret->document, refresh_token and lives_s), a role's session, or an error.
MUST_CHECK int sso_answer_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e);

// 0 when the answer has a token; else -1 with *e.
MUST_CHECK int sso_answer_check_token(const struct answer *answer, struct error *e);

// What a call of the token service is for: the session, or the start URL.
struct slice sso_answer_subject(const struct profile *p);

// Begins a request to the token service: `path` is "/token" or the like.
void sso_answer_begin_request(const struct profile *p, const char *path, struct upstream_request *r);

#endif
