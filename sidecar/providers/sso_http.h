// SPDX-License-Identifier: Apache-2.0
// Calls of IAM Identity Center: the token service (OIDC), JSON by POST, and the portal, one GET. All unsigned.
#ifndef SIDECAR_PROVIDERS_SSO_HTTP_H
#define SIDECAR_PROVIDERS_SSO_HTTP_H

#include "proto/mem/buffer.h"
#include "sidecar/io/http_client.h"
#include "sidecar/providers/answer.h"
#include "sidecar/providers/registry.h"

// Whose calls, and who hears of their ends; as for http_client_start().
struct sso_http {
        const struct provider_deps *deps;
        const struct profile *profile;
        http_done_fn *done;
        void *arg;
};

// CreateToken and its kind: `path` is "/token". A call, or NULL with *e.
struct http_call *sso_http_oidc(const struct sso_http *h, const char *path, struct slice body, struct error *e);
// The same for GetRoleCredentials of the profile's account and role.
struct http_call *sso_http_portal(const struct sso_http *h, struct slice access_token, struct error *e);

// Reads GetRoleCredentials' answer: a session or an error. As answer_read_json(), but `scratch` must be able to hold
// more than twice the body.
MUST_CHECK int sso_http_read(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                             struct error *e);

// Reads CreateToken's answer: the access token is ret->document, its life ret->lives_s.
MUST_CHECK int sso_http_read_token(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e);

// The error of an answer of either service; `action` is the operation's name.
void sso_http_refusal(const struct http_response *response, const char *action, const struct profile *p,
                      struct error *e);

#endif
