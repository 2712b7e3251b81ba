// SPDX-License-Identifier: Apache-2.0
// The end of a login: the token, written where the AWS CLI keeps its own.
#ifndef SIDECAR_PROVIDERS_SSO_LOGIN_KEEP_H
#define SIDECAR_PROVIDERS_SSO_LOGIN_KEEP_H

#include "sidecar/base/error.h"
#include "sidecar/io/http_client.h"
#include "sidecar/providers/sso_client.h"

struct profile;

// Reads CreateToken's answer and writes the file anew. `now_s` is the service's time. 0, or -1 with *e.
int sso_login_keep(const struct profile *p, const struct sso_client *client, const struct http_response *response,
                   int64_t now_s, struct error *e);

#endif
