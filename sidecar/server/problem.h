// SPDX-License-Identifier: Apache-2.0
// Errors as application/problem+json (RFC 9457).
#ifndef SIDECAR_SERVER_PROBLEM_H
#define SIDECAR_SERVER_PROBLEM_H

#include "proto/wire/api.h"
#include "sidecar/base/error.h"

struct outcome;
struct request;

struct problem {
        enum api_error code;
        const char *detail;
        const char *hint;          // NULL: none
        const char *headers;       // further header lines, each with CR LF; NULL: none
        int64_t retry_after_s;     // 0: not said
        const struct error *cause; // for `upstream`; and for detail and hint where those are NULL
};

void problem_send(struct request *r, const struct problem *p);

// The usual: a code, a hint (or NULL), and a text.
__attribute__((format(printf, 4, 5))) void problem_say(struct request *r, enum api_error code, const char *hint,
                                                       const char *format, ...);

// No credentials can be handed out: 502, 503 or 504 by the error that the wait ended with, else by the entry's last.
void problem_unavailable(struct request *r, const struct outcome *o);

// A refresh or a fetch failed with `e`.
void problem_of_error(struct request *r, const struct error *e);

#endif
