// SPDX-License-Identifier: Apache-2.0
// What an operator can do about an error that AWS answered with, by its code, its message and what was sent.
#ifndef SIDECAR_PROVIDERS_HINTS_H
#define SIDECAR_PROVIDERS_HINTS_H

#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

struct profile;

enum hints_call {
        HINTS_ASSUME_ROLE = 1 << 0,
        HINTS_WEB_IDENTITY = 1 << 1,
        HINTS_CREATE_SESSION = 1 << 2,
        HINTS_GET_SECRET_VALUE = 1 << 3,
        HINTS_GET_WEB_IDENTITY_TOKEN = 1 << 4
};

struct hints_context {
        enum hints_call call;
        const struct profile *profile;
        struct slice token;           // web identity: its claims are shown, unverified, never the token
        const char *subject, *serial; // CreateSession: of the certificate
};

// Sets e->hint, or leaves it as it is where no rule matches.
void hints_explain(const struct hints_context *context, struct error *e);

bool hints_code_is(const struct error *e, const char *code);
bool hints_text_has(const char *text, const char *part); // ASCII case is ignored

#endif
