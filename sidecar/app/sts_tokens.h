// SPDX-License-Identifier: Apache-2.0
// What the server needs for tokens of STS: where STS is, and the entries of the vault for web identity tokens.
#ifndef SIDECAR_APP_STS_TOKENS_H
#define SIDECAR_APP_STS_TOKENS_H

#include "sidecar/providers/provider.h"
#include "sidecar/server/server.h"

struct vault;

struct sts_tokens_deps {
        struct vault *vault;
        struct provider_deps providers;
};

// `deps` must live as long as the server.
struct server_web_identity sts_tokens_web_identity(const struct sts_tokens_deps *deps);

// Lists of IAM Identity Center. `deps` must live as long as the server.
void sts_tokens_serve_sso(const struct sts_tokens_deps *deps, struct server *server);

// For struct server_deps.
int sts_tokens_url(struct slice region, char *out, size_t out_size);

#endif
