// SPDX-License-Identifier: Apache-2.0
// The access token of IAM Identity Center as the AWS CLI and the SDKs cache it (~/.aws/sso/cache/….json), and when it
// may be used.
#ifndef SIDECAR_PROVIDERS_SSO_TOKEN_H
#define SIDECAR_PROVIDERS_SSO_TOKEN_H

#include "sidecar/providers/answer.h"
#include "sidecar/providers/members.h"
#include "sidecar/providers/sso_client.h"

struct profile;

struct sso_token {
        struct buffer text; // what the slices point into: secrets
        struct slice access_token;
        struct slice refresh_token, client_id, client_secret; // empty: cannot be renewed
        struct slice start_url;                               // empty: absent
        int64_t expires_s, registration_expires_s;            // 0: absent
};

void sso_token_init(struct sso_token *t);
void sso_token_clear(struct sso_token *t); // wipes; it may be used again

// Reads what such a file holds. 0, or -1 with *e, and *ret is then empty.
MUST_CHECK int sso_token_read(struct slice json, struct sso_token *ret, struct error *e);

// Appends the content of the file for a new token: that of `answer` to CreateToken, made at `now_s`. If the profile has
// no sso_session, leaves out client and refresh token: such tokens are not renewed. 0, or -1 with *e.
MUST_CHECK int sso_token_put(const struct profile *p, const struct sso_client *client, const struct answer *answer,
                             int64_t now_s, struct buffer *out, struct error *e);

enum sso_token_use {
        SSO_TOKEN_GOOD,  // to be used as it is
        SSO_TOKEN_RENEW, // still good, but not for long, and it can be renewed
        SSO_TOKEN_ENDED, // has expired, and can be renewed
        SSO_TOKEN_DEAD   // has expired, and takes a login
};
enum sso_token_use sso_token_judge(const struct sso_token *t, int64_t now_s);

// Whether refresh token and client registration are there and valid.
bool sso_token_can_renew(const struct sso_token *t, int64_t now_s);

// Sets how to log in as the hint.
void sso_token_hint_login(const struct profile *p, struct error *e);

#endif
