// SPDX-License-Identifier: Apache-2.0
// What the body of POST …/tokens/{kind} asks for.
#ifndef SIDECAR_SERVER_TOKEN_REQUEST_H
#define SIDECAR_SERVER_TOKEN_REQUEST_H

#include "proto/mem/must_check.h"
#include "sidecar/signing/token.h"

struct json_doc;

enum { TOKEN_URL_MAX = 4096 }; // what members let a URL grow to is less

struct token_request {
        struct slice values[TOKEN_SLOTS_N]; // empty: not given
        int64_t expires_in_s;
        bool has_time;
        int64_t time_s;
};

// Reads `body`, which is JSON; empty: {}. `doc` and `text`, which is empty, are scratch; slices point into the body and
// into `text`, which keeps room for TOKEN_URL_MAX more bytes without moving. 0, or -1 with *e (ERROR_CONFIG) that names
// the member: it is unknown, of another type or form, or missing, or given twice under two names.
MUST_CHECK int token_request_read(const struct token_kind *kind, struct slice body, struct json_doc *doc,
                                  struct buffer *text, struct token_request *ret, struct error *e);

#endif
