// SPDX-License-Identifier: Apache-2.0
// One HTTP request of a provider and its answer, which becomes credentials, something that the owner keeps, or an
// error. Sets the time-outs, reports the end exactly once, names the action and its subject in every error, and learns
// the source's clock from Date. If the source refuses a signature and the clocks differ, signs once more by the
// source's clock. The vault does all other retries. Loop thread only.
//
// A source that is reached by HTTP is a struct upstream_call_ops: it writes the request and reads the answer.
#ifndef SIDECAR_PROVIDERS_UPSTREAM_CALL_H
#define SIDECAR_PROVIDERS_UPSTREAM_CALL_H

#include "proto/mem/buffer.h"
#include "proto/mem/time.h"
#include "sidecar/io/http_client.h"
#include "sidecar/providers/answer.h"
#include "sidecar/providers/provider.h"

enum { UPSTREAM_REQUEST_FIELDS_N = 8 };
enum { UPSTREAM_CALL_LATER = 1 }; // returned by `write`

struct upstream_request {
        struct buffer url; // the profile's endpoint_url and the path, unless it is written anew
        struct http_field fields[UPSTREAM_REQUEST_FIELDS_N];
        size_t fields_count;
        struct buffer body;
        struct buffer values; // for what fields point into
        char amz_date[TIME_AMZ_SIZE];
        int64_t time_s; // to sign it with
};

struct upstream_outcome {
        const struct http_response *response;
        const struct answer *answer;
        struct credentials *c; // one reference; NULL: the answer brought something else
};

struct upstream_call_ops {
        const char *service; // "sts"
        const char *action;  // "AssumeRole for": before the subject, in messages
        const char *method;  // NULL: "POST"
        const char *path;    // after the profile's endpoint_url; NULL: "/"
        bool is_signed;      // the source refuses requests whose time is wrong
        bool is_not_aws;     // do not learn the time from its Date, do not apply ca_bundle
        // Unless the profile sets them; 0: 3 s and 7 s.
        int64_t connect_timeout_ms, read_timeout_ms;
        const struct answer_terms *terms; // of its answers; NULL: of a service of AWS
        // What the action is for, in messages. NULL: the role's ARN.
        struct slice (*subject)(const struct profile *profile);
        // Writes the request. 0, or -1 with *e. Or UPSTREAM_CALL_LATER: the owner calls upstream_call_resume() exactly
        // once, after this has returned. Only the owner can end the writing early; upstream_call_cancel() cannot.
        int (*write)(void *owner, struct upstream_request *r, struct error *e);
        // Reads an answer, like answer_read_json(). NULL: reads only errors, from JSON.
        int (*read)(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e);
        // Makes credentials from a success, or keeps what else it brought. NULL: answer_credentials(). 0, or -1 with
        // *e.
        int (*accept)(void *owner, struct upstream_outcome *o, struct error *e);
        // Sets the hint for a refusal by its code, or for a missing answer (upstream.status is 0); may change text and
        // kind. NULL: adds nothing.
        void (*explain)(void *owner, struct error *e);
        // Either `e` is NULL, and `c` one reference, taken over, or NULL where accept() kept what came; or `c` is NULL.
        // May start the next call. NULL: provider_finish().
        void (*done)(void *owner, struct credentials *c, const struct error *e);
};

struct upstream_call {
        struct provider *provider; // whose profile and dependencies are used, and whose clock is learned
        void *owner;
        const struct upstream_call_ops *ops;
        struct upstream_request request;
        struct pending_call *pending; // opaque; NULL: no HTTP call is under way
        bool is_written_later;        // waits for upstream_call_resume()
        bool has_corrected;           // has signed again by the source's clock
};

// `owner` is passed to the operations.
void upstream_call_init(struct upstream_call *call, struct provider *provider, void *owner);

// 0: ops->done is called exactly once, later. -1 with *e: it is never called.
MUST_CHECK int upstream_call_start(struct upstream_call *call, const struct upstream_call_ops *ops, struct error *e);

// ops->done still fires, once, from the loop, with ERROR_CANCELLED. Nothing happens when no call is under way.
void upstream_call_cancel(struct upstream_call *call);

// Abandons the call under way: ops->done is not called any more, and *call may be freed.
void upstream_call_abandon(struct upstream_call *call);

// After UPSTREAM_CALL_LATER: the owner has written the request, or could not (`error`). May call ops->done.
void upstream_call_resume(struct upstream_call *call, const struct error *error);

// For `write`. Replaces the URL by `base`, without slashes at its end, and `path`.
void upstream_request_put_url(struct upstream_request *r, const char *base, const char *path);
// `name` and `value` are borrowed until the request has been sent.
void upstream_request_add_field(struct upstream_request *r, const char *name, struct slice value);

#endif
