// SPDX-License-Identifier: Apache-2.0
// Codes of an MFA device that a user enters: each is valid for one call, and for a short time.
#ifndef SIDECAR_PROVIDERS_MFA_H
#define SIDECAR_PROVIDERS_MFA_H

#include "proto/mem/must_check.h"
#include "proto/mem/secret.h"
#include "sidecar/base/error.h"

struct profile;

struct mfa {
        struct secret given; // for the next call; empty: none
        int64_t given_ms;    // boot clock
        struct secret used;  // in the call under way
};

// Takes a code for the next call. 0, or -1 with *e: not six digits, or out of memory.
MUST_CHECK int mfa_give(struct mfa *m, struct slice code, int64_t now_ms, struct error *e);

// Makes the code that was entered the one in use. -1 with *e (ERROR_INTERACTION): none was, or too long ago.
MUST_CHECK int mfa_take(struct mfa *m, const struct profile *p, int64_t now_ms, struct error *e);

void mfa_forget_given(struct mfa *m); // not the one that a call under way has taken
void mfa_forget(struct mfa *m);       // wipes both codes

// AWS refused a call with a code: ERROR_INTERACTION where it was for the code, as another one may be accepted.
void mfa_explain(const struct profile *p, struct error *e);

#endif
