// SPDX-License-Identifier: Apache-2.0
// An order to sign with what was worked out for it: target allowed, service, region and payload hash chosen. All that
// is needed but the credentials.
#ifndef SIDECAR_SERVER_SIGN_WORK_H
#define SIDECAR_SERVER_SIGN_WORK_H

#include "proto/wire/api.h"
#include "sidecar/server/sign_request.h"

struct request;

enum { SIGN_HOST_MAX = 255 };

struct sign_work {
        struct sign_request order;
        struct sigv4_url url;
        char host[SIGN_HOST_MAX]; // lower case; service and region may point into it
        char hash[SIGN_HASH_SIZE];
        struct slice payload_hash, service, region;
        int64_t wait_ms; // of the query; WAIT_UNSAID
};

// Reads query and body. 0, or -1: answered. *w must not move after it.
int sign_work_prepare(struct request *r, bool is_presign, struct sign_work *w);

struct sigv4_request sign_work_request(const struct sign_work *w, int64_t time_s);

// Answers with `code`, or with 500 where the error is our own.
void sign_work_say(struct request *r, enum api_error code, const struct error *e);

// Whether a body of this Content-Type (may be empty) is to be read as JSON.
bool sign_work_is_json(struct slice content_type);

#endif
