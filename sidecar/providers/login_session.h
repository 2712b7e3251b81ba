// SPDX-License-Identifier: Apache-2.0
// A session of `aws login` as the AWS CLI and the SDKs cache it (~/.aws/login/cache/….json): credentials, and what new
// ones are asked for with.
#ifndef SIDECAR_PROVIDERS_LOGIN_SESSION_H
#define SIDECAR_PROVIDERS_LOGIN_SESSION_H

#include "sidecar/providers/members.h"

struct profile;

struct login_session {
        struct buffer text; // what the slices point into: secrets
        struct slice access_key_id, secret_access_key, session_token;
        struct slice account_id; // empty: not said
        struct slice refresh_token, client_id, dpop_key;
        struct slice region; // where it was logged in; empty: not said
        int64_t expires_s;   // of the credentials
};

void login_session_init(struct login_session *s);
void login_session_clear(struct login_session *s); // wipes; it may be used again

// Reads what such a file holds. 0, or -1 with *e, and *ret is then empty.
MUST_CHECK int login_session_read(struct slice json, struct login_session *ret, struct error *e);

// What a refresh brought.
struct login_grant {
        struct slice access_key_id, secret_access_key, session_token, refresh_token;
        int64_t expires_s;
};

// Writes the file's text `json` with the grant in it; all else stays. 0, or -1: it does not fit, or is no such file.
int login_session_renew(struct slice json, const struct login_grant *grant, struct buffer *out);

// Path of the profile's file. 0 and *ret, which the caller frees; or -1 with *e.
int login_session_path(const struct profile *p, char **ret, struct error *e);

// ERROR_INTERACTION with the text, and how to log in as hint. -1.
__attribute__((format(printf, 3, 4))) int login_session_missing(const struct profile *p, struct error *e,
                                                                const char *format, ...);
void login_session_hint(const struct profile *p, struct error *e);

#endif
