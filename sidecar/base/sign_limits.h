// SPDX-License-Identifier: Apache-2.0
// What may be signed: plain data, filled by the configuration, judged at the front door.
#ifndef SIDECAR_BASE_SIGN_LIMITS_H
#define SIDECAR_BASE_SIGN_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct sign_limits {
        const char *service, *region; // of requests that name none; may be NULL
        // Each list: none is any.
        char *const *hosts; // in lower case: "host", "*.domain", either with ":port"; without one any port
        size_t hosts_count;
        char *const *paths; // prefixes, in any spelling of a URL
        size_t paths_count;
        char *const *methods; // in any case
        size_t methods_count;
        char *const *services; // signing names
        size_t services_count;
        char *const *regions;
        size_t regions_count;
        int64_t max_expires_in; // of presigned URLs, in seconds; 0: no limit
};

#endif
