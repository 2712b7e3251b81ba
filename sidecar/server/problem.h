// SPDX-License-Identifier: Apache-2.0
// Errors, and their shape in most APIs: application/problem+json (RFC 9457).
#ifndef SIDECAR_SERVER_PROBLEM_H
#define SIDECAR_SERVER_PROBLEM_H

#include "proto/wire/api.h"
#include "sidecar/base/error.h"

struct exchange;
struct outcome;

struct problem {
        enum api_error code;
        const char *detail;
        const char *hint;          // NULL: none
        const char *headers;       // further header lines, each with CR LF; NULL: none
        int64_t retry_after_s;     // 0: not given
        bool closes;               // the connection ends with it
        const struct error *cause; // for `upstream`; and for detail and hint where those are NULL
};

// Answers in the shape of the exchange's API.
void problem_send(struct exchange *x, const struct problem *p);

// The usual: a code, a hint (or NULL), and a text.
__attribute__((format(printf, 4, 5))) void problem_sendf(struct exchange *x, enum api_error code, const char *hint,
                                                         const char *format, ...);

void problem_send_no_memory(struct exchange *x);

void problem_send_shutting_down(struct exchange *x);

// The uid is at its limit (user.h).
void problem_send_too_many(struct exchange *x, const char *detail);

// There are no credentials to return: answers 502, 503 or 504 by the error that ended the wait, else by the entry's
// last error. `o` NULL: there was no wait.
void problem_send_unavailable(struct exchange *x, const struct outcome *o);

// A refresh or a fetch failed with `e`.
void problem_send_error(struct exchange *x, const struct error *e);

// For struct api: application/problem+json; and {"code", "message"} for SDKs, which look for these members.
void problem_send_json(struct exchange *x, const struct problem *p);
void problem_send_short(struct exchange *x, const struct problem *p);

#endif
