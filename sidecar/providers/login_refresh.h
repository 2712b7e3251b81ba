// SPDX-License-Identifier: Apache-2.0
// CreateOAuth2Token of AWS Sign-In: a refresh token, which is good for one use, for new credentials and the next one.
#ifndef SIDECAR_PROVIDERS_LOGIN_REFRESH_H
#define SIDECAR_PROVIDERS_LOGIN_REFRESH_H

#include "sidecar/providers/exchange.h"
#include "sidecar/providers/login_session.h"

struct login_refresh_ops {
        // Keeps what came, borrowed until it returns. 0 and *ret, or -1 with *e.
        int (*take)(void *owner, const struct login_grant *grant, struct credentials **ret, struct error *e);
        // As of struct exchange_ops; ERROR_INTERACTION: the refresh token was refused for good.
        void (*done)(void *owner, struct credentials *c, const struct error *e);
};

struct login_refresh {
        struct exchange exchange;
        const struct login_refresh_ops *ops;
        void *owner;
        const struct login_session *session; // of the call under way
        struct buffer body, proof;
};

// 0, or -1 with *e: out of memory.
int login_refresh_init(struct login_refresh *r, const struct provider_deps *deps, const struct provider *provider,
                       struct error *e);
void login_refresh_deinit(struct login_refresh *r); // nothing may be under way

// As exchange_start(); `session` is borrowed until then.
int login_refresh_start(struct login_refresh *r, const struct login_session *session, struct error *e);

// Reads an answer, as answer_read_json(). Code and error of an error are told apart by ": " in its message.
MUST_CHECK int login_refresh_read(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                                  struct error *e);

#endif
