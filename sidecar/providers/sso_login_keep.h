// SPDX-License-Identifier: Apache-2.0
// The end of a login: the token, written where the AWS CLI keeps its own.
#ifndef SIDECAR_PROVIDERS_SSO_LOGIN_KEEP_H
#define SIDECAR_PROVIDERS_SSO_LOGIN_KEEP_H

#include "sidecar/base/error.h"
#include "sidecar/io/http_client.h"
#include "sidecar/providers/sso_client.h"

struct profile;

// Reads CreateToken's answer: *out becomes what the file is to hold. `now_s` is the service's time. 0, or -1 with *e.
int sso_login_keep_read(const struct profile *p, const struct sso_client *client, const struct http_response *response,
                        int64_t now_s, struct buffer *out, struct error *e);

// Writes the file anew. 0, or -1 with *e.
int sso_login_keep_write(const struct profile *p, struct slice text, struct error *e);

#endif
