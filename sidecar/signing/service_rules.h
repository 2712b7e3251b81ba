// SPDX-License-Identifier: Apache-2.0
// Services whose rules differ from the general ones of Signature Version 4.
#ifndef SIDECAR_SIGNING_SERVICE_RULES_H
#define SIDECAR_SIGNING_SERVICE_RULES_H

#include "proto/mem/slice.h"

struct service_rules {
        struct slice service;           // signing name
        bool decodes_path;              // signs the path decoded and encoded once, without normalising it
        bool wants_content_sha256;      // every request that is signed by headers has x-amz-content-sha256
        bool takes_unsigned_payload;    // accepts UNSIGNED-PAYLOAD
        bool never_signs_payload;       // accepts UNSIGNED-PAYLOAD only
        bool presigns_unsigned_payload; // presigned URLs use UNSIGNED-PAYLOAD: the payload is not known yet
        bool leaves_length_unsigned;    // refuses a signed Content-Length
        bool appends_token;             // a presigned URL gets its session token behind the signature, unsigned
};

// The rules of a signing name; all false for most services. Static.
const struct service_rules *service_rules_of(struct slice service);

#endif
