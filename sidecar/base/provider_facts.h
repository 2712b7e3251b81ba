// SPDX-License-Identifier: Apache-2.0
// What a provider has learned about its source and every peer may know. The loop thread's; nothing in it is secret.
#ifndef SIDECAR_BASE_PROVIDER_FACTS_H
#define SIDECAR_BASE_PROVIDER_FACTS_H

#include <stdint.h>

struct provider_facts {
        struct {
                char *subject; // RFC 2253; NULL: none was loaded yet, and the rest means nothing
                char *serial;  // decimal
                int64_t not_after_s;
                char *intermediate; // of its chain, the one that ends first, RFC 2253; NULL: there is no chain
                int64_t intermediate_ends_s;
                char *problem; // why it is not what the files say by now; NULL: it is
        } certificate;         // that requests are signed with
};

#endif
