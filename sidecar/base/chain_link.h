// SPDX-License-Identifier: Apache-2.0
// One link of a chain of sources of credentials that was tried: plain data, filled by the configuration, shown at the
// front door.
#ifndef SIDECAR_BASE_CHAIN_LINK_H
#define SIDECAR_BASE_CHAIN_LINK_H

struct chain_link {
        char *name;    // "environment", "web_identity", "profile work: sso"
        char *outcome; // "AWS_ACCESS_KEY_ID is not set", or where the answer comes from
};

#endif
