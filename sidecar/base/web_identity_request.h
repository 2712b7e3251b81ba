// SPDX-License-Identifier: Apache-2.0
// What a web identity token is asked for with: the parameters of STS GetWebIdentityToken, and which STS is asked.
#ifndef SIDECAR_BASE_WEB_IDENTITY_REQUEST_H
#define SIDECAR_BASE_WEB_IDENTITY_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "proto/mem/slice.h"

// AWS's own limits.
enum {
        WEB_IDENTITY_AUDIENCES_N = 10,
        WEB_IDENTITY_AUDIENCE_MAX = 1000, // characters
        WEB_IDENTITY_TAGS_N = 50,
        WEB_IDENTITY_LIFE_MIN_S = 60,
        WEB_IDENTITY_LIFE_MAX_S = 3600,
        WEB_IDENTITY_LIFE_DEFAULT_S = 300
};

struct web_identity_request {
        struct slice audiences[WEB_IDENTITY_AUDIENCES_N];
        size_t audiences_count;
        int64_t duration_seconds;       // 0: not sent, and STS's default
        struct slice signing_algorithm; // "RS256", "ES384"
        struct {
                struct slice key, value;
        } tags[WEB_IDENTITY_TAGS_N];
        size_t tags_count;
};

enum { WEB_IDENTITY_URL_SIZE = 1024, WEB_IDENTITY_REGION_SIZE = 64 };

struct web_identity_endpoint {
        char url[WEB_IDENTITY_URL_SIZE]; // base URL without a slash at its end
        char region[WEB_IDENTITY_REGION_SIZE];
};

#endif
