// SPDX-License-Identifier: Apache-2.0
// What a person has to do before a provider can fetch, and how far that is. A provider that never needs a person has no
// struct login_ops.
#ifndef SIDECAR_PROVIDERS_LOGIN_H
#define SIDECAR_PROVIDERS_LOGIN_H

#include <stdint.h>

#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

struct provider;

enum login_kind {
        LOGIN_NONE,
        LOGIN_MFA,    // each fetch takes a code of an MFA device
        LOGIN_SSO,    // from time to time, a confirmation in a browser
        LOGIN_AWS_CLI // the same, but the AWS CLI does it: begin() fails, and its hint says how
};

enum login_state {
        LOGIN_IDLE,     // nothing was begun
        LOGIN_STARTING, // what to show to the person is being asked for
        LOGIN_PENDING,  // it is there, and the person is waited for
        LOGIN_COMPLETE,
        LOGIN_FAILED
};

// Borrowed until control returns to the loop.
struct login_status {
        enum login_kind kind;
        enum login_state state;
        const char *mfa_serial;                                              // LOGIN_MFA
        const char *start_url;                                               // LOGIN_SSO; may be NULL
        struct slice verification_uri, verification_uri_complete, user_code; // LOGIN_PENDING
        int64_t expires_in_s, interval_s;                                    // likewise
        const struct error *error; // LOGIN_FAILED; LOGIN_COMPLETE: why what it brought cannot be kept, or NULL
};

struct login_ops {
        // LOGIN_MFA: takes the code (6 digits) for the next fetch. LOGIN_SSO: begins, or joins what was begun;
        // provider_login_moved() follows. 0, or -1 with *e.
        int (*begin)(struct provider *p, struct slice token_code, struct error *e);
        void (*status)(const struct provider *p, struct login_status *ret);
};

// For callers: of any provider.
int provider_login(struct provider *p, struct slice token_code, struct error *e);
void provider_login_status(const struct provider *p, struct login_status *ret);

// For implementations: the state is another one. Never from within login_ops.
void provider_login_moved(struct provider *p);

#endif
