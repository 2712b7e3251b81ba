// SPDX-License-Identifier: Apache-2.0
// What a user has to do before credentials can be fetched, and the progress of it. Plain data: providers fill it in,
// the server shows it.
#ifndef SIDECAR_BASE_LOGIN_STATUS_H
#define SIDECAR_BASE_LOGIN_STATUS_H

#include <stdint.h>

#include "proto/mem/slice.h"

struct error;

enum login_kind {
        LOGIN_NONE,
        LOGIN_MFA,    // each fetch takes a code of an MFA device
        LOGIN_SSO,    // from time to time, a confirmation in a browser
        LOGIN_AWS_CLI // the same, but the AWS CLI does it: begin() fails, and its hint says how
};

enum login_state {
        LOGIN_IDLE,     // nothing was begun
        LOGIN_STARTING, // AWS is being asked for the page and the code to show to the user
        LOGIN_PENDING,  // they are known, and the user has not confirmed yet
        LOGIN_COMPLETE,
        LOGIN_FAILED,
        LOGIN_ENDING // the user is being logged out
};

// Borrowed until control returns to the loop.
struct login_status {
        enum login_kind kind;
        enum login_state state;
        const char *session; // LOGIN_SSO: what profiles with one login have in common: the name of the session, or the
                             // start URL
        const char *mfa_serial;                                              // LOGIN_MFA
        const char *sso_region;                                              // LOGIN_SSO; may be NULL
        const char *start_url;                                               // LOGIN_SSO; may be NULL
        struct slice verification_uri, verification_uri_complete, user_code; // LOGIN_PENDING
        int64_t expires_in_s, interval_s;                                    // likewise
        const struct error *error; // LOGIN_FAILED; LOGIN_COMPLETE: why what it brought cannot be kept;
                                   // LOGIN_IDLE: why the token was not revoked; or NULL
};

#endif
