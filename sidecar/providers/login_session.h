// SPDX-License-Identifier: Apache-2.0
// A session of `aws login` as the AWS CLI and the SDKs cache it (~/.aws/login/cache/….json): credentials, and what new
// ones are asked for with.
#ifndef SIDECAR_PROVIDERS_LOGIN_SESSION_H
#define SIDECAR_PROVIDERS_LOGIN_SESSION_H

#include "sidecar/providers/answer.h"

struct profile;

struct login_session {
        struct buffer text; // what the slices point into: secrets
        struct slice access_key_id, secret_access_key, session_token;
        struct slice account_id; // empty: absent
        struct slice refresh_token, client_id, dpop_key;
        struct slice region; // where it was logged in; empty: absent
        int64_t expires_s;   // of the credentials
};

void login_session_init(struct login_session *s);
void login_session_clear(struct login_session *s); // wipes; it may be used again

// Reads what such a file holds. 0, or -1 with *e, and *ret is then empty.
MUST_CHECK int login_session_read(struct slice json, struct login_session *ret, struct error *e);

// Writes the file's text `json` with the credentials and the refresh token of `grant`; all else stays. 0, or -1: it
// does not fit, or is no such file.
MUST_CHECK int login_session_renew(struct slice json, const struct answer *grant, int64_t expires_s,
                                   struct buffer *out);

// Path of the profile's file. 0 and *ret, which the caller frees; or -1 with *e.
MUST_CHECK int login_session_path(const struct profile *p, char **ret, struct error *e);

// Sets how to log in as the hint.
void login_session_hint(const struct profile *p, struct error *e);

#endif
