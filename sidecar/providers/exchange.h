// SPDX-License-Identifier: Apache-2.0
// One exchange with the service that issues credentials: a POST whose answer becomes credentials or an error, whole.
// Learns the service's clock from its Date header; where a signature was refused and the clocks differ, it signs once
// more by the service's clock. No other retries: those are the vault's.
#ifndef SIDECAR_PROVIDERS_EXCHANGE_H
#define SIDECAR_PROVIDERS_EXCHANGE_H

#include "proto/mem/buffer.h"
#include "sidecar/base/clock.h"
#include "sidecar/io/http_client.h"
#include "sidecar/providers/answer.h"
#include "sidecar/providers/registry.h"

struct credentials;
struct profile;
struct provider;

enum { EXCHANGE_FIELDS_N = 8 };
enum { EXCHANGE_LATER = 1 };

struct exchange_post {
        struct http_field fields[EXCHANGE_FIELDS_N];
        size_t fields_count;
        struct slice body;
};

struct exchange_ops {
        const char *service; // "sts"
        const char *action;  // "AssumeRole"
        const char *path;    // appended to the profile's endpoint_url: "/"
        bool is_signed;      // a clock that is off makes a difference
        // What the action is for, in messages. NULL: the role's ARN.
        const char *(*subject)(const struct profile *profile);
        // Writes the request, signed with `time_s`; what *post points into stays until the next call or the
        // completion. 0, or -1 with *e. Or EXCHANGE_LATER: it is being written, and exchange_resume() follows, exactly
        // once and not from within; the owner's means, not exchange_cancel(), end that sooner.
        int (*prepare)(void *owner, int64_t time_s, struct exchange_post *post, struct error *e);
        // Reads an answer; as answer_read_json().
        int (*read)(const struct http_response *response, struct buffer *scratch, struct answer *ret, struct error *e);
        // Makes credentials of an answer with status 2xx; as answer_credentials(), which NULL stands for.
        int (*accept)(void *owner, const struct answer *answer, struct credentials **ret, struct error *e);
        // Says what to do about an error that AWS answered with, by its code; may change the kind.
        void (*explain)(void *owner, struct error *e);
        // Exactly one of `c` (one reference, taken over) and `e` is not NULL. May start the next exchange.
        void (*done)(void *owner, struct credentials *c, const struct error *e);
};

struct exchange {
        const struct exchange_ops *ops;
        void *owner;
        struct provider_deps deps;
        const struct provider *provider; // whose profile is called for
        char *url;
        struct upstream_clock time; // the service's clock; may be set beforehand from what else is known of it
        struct http_call *call;
        int64_t sent_s;    // the time that the request under way was signed with
        bool is_preparing; // ops->prepare answered EXCHANGE_LATER
        bool has_corrected, is_cancelled;
};

// 0, or -1 with *e: out of memory.
int exchange_init(struct exchange *x, const struct exchange_ops *ops, void *owner, const struct provider_deps *deps,
                  const struct provider *provider, struct error *e);
void exchange_deinit(struct exchange *x); // nothing may be under way

// Calls go to another base URL from now on. Nothing may be under way. 0, or -1 with *e: out of memory.
int exchange_aim(struct exchange *x, const char *base, struct error *e);

// 0: ops->done is called exactly once, later. -1 with *e: it is never called.
int exchange_start(struct exchange *x, struct error *e);

// ops->done still fires, once, from the loop, with ERROR_CANCELLED.
void exchange_cancel(struct exchange *x);

// After EXCHANGE_LATER, from the loop. Exactly one of `post`, as ops->prepare would have written it, and `error`, which
// the exchange then ends with, is not NULL; neither matters once the exchange was cancelled. May call ops->done.
void exchange_resume(struct exchange *x, const struct exchange_post *post, const struct error *error);

// For whoever writes a request.
void exchange_post_field(struct exchange_post *post, const char *name, struct slice value);

#endif
