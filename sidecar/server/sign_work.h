// SPDX-License-Identifier: Apache-2.0
// A sign request with what was decided for it: target and time allowed, service, region and payload hash chosen. All
// that is needed but the credentials.
#ifndef SIDECAR_SERVER_SIGN_WORK_H
#define SIDECAR_SERVER_SIGN_WORK_H

#include "proto/mem/must_check.h"
#include "proto/wire/api.h"
#include "sidecar/server/sign_request.h"

struct exchange;
struct token_kind;

enum { SIGN_SHOWN_MAX = 255 }; // bytes of a text in a message

struct sign_work {
        struct sign_request request;
        enum sign_kind kind;
        int64_t wait_ms;                // of the query; WAIT_NOT_GIVEN
        const struct token_kind *token; // what the URL is made into; NULL: it is the answer
        struct slice user_agent;        // of the token
        // decided
        struct sigv4_url url;
        char host[SIGV4_HOST_MAX]; // of a Host header; service and region may point into it
        char hash[SIGN_HASH_SIZE];
        struct slice payload_hash, service, region;
        const struct service_rules *rules; // of the service
        int64_t max_expires_in_s;          // of a presigned URL; 0: no limit
};

// Reads query and body of the exchange, and decides. 0, or -1: answered. *w must not move after it.
MUST_CHECK int sign_work_begin(struct exchange *x, enum sign_kind kind, struct sign_work *w);

// Keeps the request in the memory of the exchange, as its handler_state, for a wait. 0, or -1: answered.
MUST_CHECK int sign_work_keep(struct exchange *x, const struct sign_work *w);

// Decides what was kept by the profile as it is now. 0, or -1: answered.
MUST_CHECK int sign_work_decide(struct exchange *x, struct sign_work *w);

// How long a presigned URL is to be valid, from the time that it is signed for: as asked for, but not longer than the
// limit from now on. May be below 1.
int64_t sign_work_expires_in(const struct sign_work *w, int64_t now_s);

struct sigv4_request sign_work_sigv4(const struct sign_work *w, int64_t now_s);

// Answers with `code`, or with 500 where the error is our own.
void sign_work_send_error(struct exchange *x, enum api_error code, const struct error *e);

// Whether a body of this Content-Type (may be empty) is to be read as JSON.
bool sign_work_is_json(struct slice content_type);

#endif
