// SPDX-License-Identifier: Apache-2.0
// Whether limits of signing allow a request. Pure functions.
#ifndef SIDECAR_SERVER_SIGN_POLICY_H
#define SIDECAR_SERVER_SIGN_POLICY_H

#include <stdbool.h>

#include "sidecar/base/sign_limits.h"
#include "sidecar/signing/sigv4.h"

struct sign_subject {
        struct slice method; // in any case
        struct slice host;   // lower case, without its port
        uint64_t port;
        struct slice path, query; // as in the URL
        const struct header *headers;
        size_t headers_count;
        struct slice service,
            region; // that it is to be signed for, for SigV4A several; empty: not known, and not refused
        // Those that it would be signed for if the request named none, and the host's own. Empty: there is none.
        struct slice implied_service, implied_region;
        struct slice host_service, host_region;
};

enum sign_verdict {
        SIGN_ALLOWED,
        SIGN_NOT_METHOD,
        SIGN_NOT_HOST,
        SIGN_NOT_PATH,
        SIGN_NOT_HEADER, // a header or query parameter names another resource than the path
        SIGN_NOT_SERVICE,
        SIGN_NOT_REGION,
        SIGN_UNKNOWN // nothing names the service or the region; not of sign_policy_check()
};

// Limits that list hosts but no services allow the implied service and the host's own only: most services accept a
// signature whatever name they are called by, so that a host alone limits nothing. Regions likewise.
enum sign_verdict sign_policy_check(const struct sign_limits *limits, const struct sign_subject *subject);

bool sign_policy_allows_host(const struct sign_limits *limits, struct slice name, uint64_t port);

// `path` as in the URL. The spelling of a byte makes no difference, except that an encoded slash separates no segments.
// Where there are prefixes, a path is under none if it has dot segments, encoded or not, or is encoded twice.
bool sign_policy_allows_path(const struct sign_limits *limits, struct slice path);

#endif
