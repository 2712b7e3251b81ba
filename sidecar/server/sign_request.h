// SPDX-License-Identifier: Apache-2.0
// What the body of POST …/sign, …/presign and …/eventstream asks for. Slices point into the body and into the buffer of
// decoded texts.
#ifndef SIDECAR_SERVER_SIGN_REQUEST_H
#define SIDECAR_SERVER_SIGN_REQUEST_H

#include "proto/mem/must_check.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/sigv4.h"

struct buffer;
struct json_doc;

enum { SIGN_HASH_SIZE = 64 }; // hex digits of SHA-256

enum sign_payload { PAYLOAD_NONE, PAYLOAD_HASH, PAYLOAD_BYTES, PAYLOAD_UNSIGNED };

enum sign_kind { SIGN_HEADERS = 1, SIGN_URL = 2, SIGN_EVENT = 4 };

struct sign_request {
        struct slice method, url;
        struct slice service, region; // empty: not given; `region` may be a set of regions for SigV4A
        bool is_sigv4a;
        struct header headers[LIMIT_SIGN_HEADERS_N];
        size_t headers_count;
        enum sign_payload payload_kind;
        struct slice payload; // the bytes
        char payload_hash[SIGN_HASH_SIZE];
        bool has_time;
        int64_t time_s;
        int64_t expires_in_s; // SIGN_URL
        // SIGN_EVENT; its time is date_ms, too
        char prior_signature[SIGN_HASH_SIZE];
        int64_t date_ms;
        int64_t generation; // 0: not given
};

// Reads `body`, which is JSON; `doc` and `text`, which is empty, are scratch. 0, or -1 with *e (ERROR_CONFIG) that
// names the member.
MUST_CHECK int sign_request_read(struct slice body, enum sign_kind kind, struct json_doc *doc, struct buffer *text,
                                 struct sign_request *ret, struct error *e);

#endif
