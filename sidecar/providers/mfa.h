// SPDX-License-Identifier: Apache-2.0
// Codes of an MFA device that a person gives: each is good for one call, and for a short time.
#ifndef SIDECAR_PROVIDERS_MFA_H
#define SIDECAR_PROVIDERS_MFA_H

#include "proto/mem/secret.h"
#include "sidecar/base/error.h"

struct profile;

struct mfa {
        struct secret given; // for the next call; empty: none
        int64_t given_ms;    // boot clock
        struct secret used;  // in the call under way
};

// 0, or -1 with *e: no six digits, or no memory.
int mfa_give(struct mfa *m, struct slice code, int64_t now_ms, struct error *e);

// Makes the code that was given the one in use. -1 with *e (ERROR_INTERACTION): none was, or too long ago.
int mfa_take(struct mfa *m, const struct profile *p, int64_t now_ms, struct error *e);

void mfa_forget(struct mfa *m); // wipes both codes

// AWS refused a call with a code: where it was for the code, a person may try another.
void mfa_explain(const struct profile *p, struct error *e);

#endif
