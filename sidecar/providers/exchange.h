// SPDX-License-Identifier: Apache-2.0
// One HTTP request of a provider and its answer, which becomes credentials, something that the owner keeps, or an
// error. Owns the call, its time-outs and its end; adds what was asked for whom to every error; learns the source's
// clock from Date. Where a signature was refused and the clocks differ, it signs once more by the source's clock. No
// other retries: those are the vault's. Loop thread only.
//
// A source that is reached by HTTP is a struct exchange_ops: how to write the request, how to read the answer.
#ifndef SIDECAR_PROVIDERS_EXCHANGE_H
#define SIDECAR_PROVIDERS_EXCHANGE_H

#include "proto/mem/buffer.h"
#include "proto/mem/time.h"
#include "sidecar/io/http_client.h"
#include "sidecar/providers/answer.h"
#include "sidecar/providers/provider.h"

enum { EXCHANGE_FIELDS_N = 8 };
enum { EXCHANGE_LATER = 1 };

struct exchange_request {
        struct buffer url; // the profile's endpoint_url and the path, unless it is written anew
        struct http_field fields[EXCHANGE_FIELDS_N];
        size_t fields_count;
        struct buffer body;
        struct buffer values; // for what fields point into
        char amz_date[TIME_AMZ_SIZE];
        int64_t time_s; // to sign it with
};

struct exchange_outcome {
        const struct http_response *response;
        const struct answer *answer;
        struct credentials *c; // one reference; NULL: it is something else that came
};

struct exchange_ops {
        const char *service; // "sts"
        const char *action;  // "AssumeRole for": before the subject, in messages
        const char *method;  // NULL: "POST"
        const char *path;    // after the profile's endpoint_url; NULL: "/"
        bool is_signed;      // a clock that is off makes a difference
        bool is_not_aws;     // its Date does not count, nor is ca_bundle for it
        // Unless the profile sets them; 0: 3 s and 7 s.
        int64_t connect_timeout_ms, read_timeout_ms;
        const struct answer_terms *terms; // of its answers; NULL: of a service of AWS
        // What the action is for, in messages. NULL: the role's ARN.
        struct slice (*subject)(const struct profile *profile);
        // Writes the request. 0, or -1 with *e. Or EXCHANGE_LATER: it is being written, and exchange_resume() follows,
        // exactly once and not from within; the owner's means, not exchange_cancel(), end that sooner.
        int (*write)(void *owner, struct exchange_request *r, struct error *e);
        // Reads an answer; as answer_read_json(). NULL: JSON in which only errors are read.
        int (*read)(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e);
        // Makes credentials of a success, or keeps what else it brought. NULL: answer_credentials(). 0, or -1 with *e.
        int (*accept)(void *owner, struct exchange_outcome *o, struct error *e);
        // Sets the hint for a refusal, by its code, or for no answer (upstream.status is 0 then); may change text and
        // kind. NULL: nothing to add.
        void (*explain)(void *owner, struct error *e);
        // Either `e` is NULL, and `c` one reference, taken over, or NULL where accept() kept what came; or `c` is NULL.
        // May start the next exchange. NULL: the provider finishes.
        void (*done)(void *owner, struct credentials *c, const struct error *e);
};

struct exchange {
        struct provider *provider; // whose profile and dependencies are used, and whose clock is learned
        void *owner;
        const struct exchange_ops *ops;
        struct exchange_request request;
        struct exchange_call *call; // opaque; NULL: none is under way
        bool is_written_later;      // exchange_resume() is to follow
        bool has_corrected;
};

// `owner`: the argument of the operations.
void exchange_init(struct exchange *x, struct provider *provider, void *owner);

// 0: ops->done is called exactly once, later. -1 with *e: it is never called.
MUST_CHECK int exchange_start(struct exchange *x, const struct exchange_ops *ops, struct error *e);

// ops->done still fires, once, from the loop, with ERROR_CANCELLED. Nothing happens when no call is under way.
void exchange_cancel(struct exchange *x);

// Abandons the call under way: ops->done is not called any more, and *x may be freed.
void exchange_abandon(struct exchange *x);

// After EXCHANGE_LATER, from the loop: the request is written, or could not be (`error`). May call ops->done.
void exchange_resume(struct exchange *x, const struct error *error);

// For those that write a request.
void exchange_put_url(struct exchange_request *r, const char *base, const char *path); // in place of the one there
void exchange_add_field(struct exchange_request *r, const char *name, struct slice value);

#endif
