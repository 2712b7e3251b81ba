// SPDX-License-Identifier: Apache-2.0
// What a service that issues credentials answers, whatever its format: a session, or an error. And its judgement: all
// members present and sound, or an error; never half of it.
#ifndef SIDECAR_PROVIDERS_ANSWER_H
#define SIDECAR_PROVIDERS_ANSWER_H

#include "proto/mem/slice.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/error.h"

struct credentials;

// Slices point into the reader's scratch buffer or the response; empty: absent.
struct answer {
        struct slice access_key_id, secret_access_key, session_token, expiration; // a session
        struct slice assumed_role_arn;
        struct slice document;      // of a service that does not issue keys but keeps them: what holds them
        struct slice account_id;    // where it is known otherwise than from that ARN
        struct slice code, message; // an error
        struct slice request_id;
};

// Credentials from an answer with status 2xx: 0 and *ret with one reference, or -1 and *e (ERROR_PROTOCOL), which says
// what is missing or wrong. `time` is the service's clock; an end of life that lies in its past is refused.
int answer_credentials(const struct answer *answer, const struct upstream_clock *time, const struct clock *clock,
                       struct credentials **ret, struct error *e);

// The error of an answer with status 2xx that its reader refused for `what`. -1.
int answer_unreadable(const char *what, int status, size_t body_size, struct error *e);

// What surrounded an answer that is no session.
struct answer_context {
        const char *service; // "sts"
        const char *action;  // "AssumeRole"
        const char *subject; // the role's ARN
        int status;
        struct slice content_type;
        size_t body_size;
};

// The error of an answer with another status than 2xx, by AWS's code or, where there is none (a proxy's page, an empty
// body), by the status. Fills e->upstream and a hint by the kind; the body is never quoted.
void answer_refusal(const struct answer *answer, const struct answer_context *context, struct error *e);

// True for codes that may mean that the request was signed by a clock that is off.
bool answer_code_may_be_skew(struct slice code);

#endif
