// SPDX-License-Identifier: Apache-2.0
// Signing name and region from a host's name.
#ifndef SIDECAR_SIGNING_HOSTS_H
#define SIDECAR_SIGNING_HOSTS_H

#include <stdbool.h>

#include "proto/mem/slice.h"

enum { HOST_SCOPE_MAX = 255 }; // RFC 1035, 2.3.4

struct host_scope {
        struct slice service; // signing name; empty: the name does not determine it
        struct slice region;  // of the signature; empty: the name does not determine it
        bool is_any_region;   // the region is meant only where the caller knows no other: bucket.s3.amazonaws.com
};

// What the name of one of AWS's hosts determines: "bedrock-runtime.us-east-1.amazonaws.com" gives bedrock, us-east-1.
// `host` is in lower case, with or without its port, and with or without the dot of the root; `path` is the request's,
// which tells two APIs on one host apart. Nothing is known of hosts outside of AWS's domains. Static, or borrowed from
// `host`.
struct host_scope host_scope(struct slice host, struct slice path);

#endif
