// SPDX-License-Identifier: Apache-2.0
// A web identity token from the token service of GitHub Actions: the operations of an upstream call (upstream_call.h).
#ifndef SIDECAR_PROVIDERS_GITHUB_TOKEN_H
#define SIDECAR_PROVIDERS_GITHUB_TOKEN_H

#include "sidecar/providers/upstream_call.h"

extern const struct answer_terms github_token_terms;

struct slice github_token_subject(const struct profile *p);

void github_token_write(const struct profile *p, struct upstream_request *r);

// The token is ret->document.
MUST_CHECK int github_token_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e);

void github_token_explain(struct error *e);

#endif
