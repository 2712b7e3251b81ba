// SPDX-License-Identifier: Apache-2.0
// Where the rules of a service differ from those that AWS has for all of them.
#ifndef SIDECAR_SIGNING_SERVICE_RULES_H
#define SIDECAR_SIGNING_SERVICE_RULES_H

#include "proto/mem/slice.h"

struct service_rules {
        struct slice service;           // signing name
        bool decodes_path;              // signs the path decoded and encoded once, without normalising it
        bool wants_content_sha256;      // every request that is signed by headers has x-amz-content-sha256
        bool takes_unsigned_payload;    // accepts UNSIGNED-PAYLOAD
        bool never_signs_payload;       // accepts nothing else
        bool presigns_unsigned_payload; // who signs a URL does not know what will be sent to it
        bool leaves_length_unsigned;    // refuses a signed Content-Length
        bool appends_token;             // a presigned URL gets its session token behind the signature, unsigned
};

// The rules of a signing name; those of most services, all false, when there are none of its own. Static.
const struct service_rules *service_rules_of(struct slice service);

#endif
