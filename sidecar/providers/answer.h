// SPDX-License-Identifier: Apache-2.0
// What a source of credentials answers, whatever its format: a session, or an error. And its judgement: credentials
// that are complete and sound, or an error; never half of it.
#ifndef SIDECAR_PROVIDERS_ANSWER_H
#define SIDECAR_PROVIDERS_ANSWER_H

#include "sidecar/base/clock.h"
#include "sidecar/providers/members.h"

struct credentials;

// Slices point into the reader's scratch buffer or the response; empty: absent.
struct answer {
        struct slice access_key_id, secret_access_key, session_token; // a session
        struct slice expiration;                                      // RFC 3339; empty: expires_ms counts
        int64_t expires_ms;                                           // since 1970; 0: absent
        struct slice account_id;                                      // else that of the ARN
        struct slice assumed_role_arn;
        struct slice document;      // what a service keeps or issues: a secret's value, a web identity token
        struct slice refresh_token; // what newer credentials can be asked for with
        int64_t lives_s;            // of the session
        int64_t version;            // of the document that holds it
        struct slice code, message; // an error
        struct slice reason;        // of the error, where many share a code: goes before the message
        struct slice request_id;
};

#define ANSWER_FIELD(field) offsetof(struct answer, field) // for rules

// Reads the members of a JSON answer into *ret by these rules (members.h), then code and message of an error. 0 with
// *ret pointing into `scratch` (initialised by the caller with at least the size of `body`; it holds secrets), or -1
// with *e: nothing of the answer may be used.
MUST_CHECK int answer_read_json(struct slice body, const struct member_rule *rules, size_t count,
                                struct buffer *scratch, struct answer *ret, struct error *e);

// The error code in a value of X-Amzn-ErrorType or "__type": without a namespace before "#" and a URL after ":".
struct slice answer_code(struct slice type);

// How the answers of a source are judged.
struct answer_terms {
        const char *subject;       // "the command's output"
        const char *session_token; // its name there; NULL: it and Expiration may be absent
        enum error_kind wrong;     // the kind of error when it is not credentials
        const char *wrong_hint;
        enum error_kind expired; // the kind of error when they have expired
        const char *expired_hint;
};

// Credentials from an answer: 0 and *ret with one reference, or -1 and *e, which says what is missing or wrong. `time`
// is the source's clock: what has expired by it is refused. `terms`: NULL for services of AWS.
MUST_CHECK int answer_credentials(const struct answer *answer, const struct answer_terms *terms,
                                  const struct upstream_clock *time, const struct clock *clock,
                                  struct credentials **ret, struct error *e);

// The error of an answer that is not what was asked for: it lacks `what`. -1.
int answer_incomplete(const char *what, struct error *e);

// Turns the reader's error *e into that of an answer with status 2xx, with a hint. -1.
int answer_unreadable(const struct answer_terms *terms, int status, size_t body_size, struct error *e);

// What an answer came with that is not a session.
struct answer_context {
        const char *service;              // "sts"
        const struct answer_terms *terms; // NULL for services of AWS
        int status;
        struct slice content_type;
        size_t body_size;
};

// The error of an answer that is a refusal, by AWS's code or, where there is none (a proxy's page, an empty body), by
// the status. Fills e->upstream and a hint by the kind; the body is never quoted.
void answer_refusal(const struct answer *answer, const struct answer_context *context, struct error *e);

// True for codes that may mean that the request was signed by a clock that is off.
bool answer_code_may_be_skew(struct slice code);

#endif
