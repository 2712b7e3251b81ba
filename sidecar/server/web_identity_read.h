// SPDX-License-Identifier: Apache-2.0
// What the body of POST …/tokens/web_identity asks for.
#ifndef SIDECAR_SERVER_WEB_IDENTITY_READ_H
#define SIDECAR_SERVER_WEB_IDENTITY_READ_H

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"
#include "sidecar/base/web_identity_request.h"

struct buffer;
struct json_doc;

struct web_identity_body {
        struct web_identity_request request;
        struct slice region; // empty: not given
};

// Reads `body`, which is JSON. `doc` and `text`, which is empty, are scratch; slices point into the body and into
// `text`. 0, or -1 with *e that names the member: it is unknown, of another type or form, or missing
// (ERROR_CONFIG), or there is no memory (ERROR_INTERNAL).
MUST_CHECK int web_identity_read(struct slice body, struct json_doc *doc, struct buffer *text,
                                 struct web_identity_body *ret, struct error *e);

#endif
