// SPDX-License-Identifier: Apache-2.0
// An upstream call signed with the credentials of another profile. They come from that profile's own cache, so that all
// profiles on one source share them. Does not use keys again that AWS has refused. Loop thread only.
#ifndef SIDECAR_PROVIDERS_SIGNED_CALL_H
#define SIDECAR_PROVIDERS_SIGNED_CALL_H

#include "sidecar/providers/upstream_call.h"

struct signed_call {
        struct upstream_call upstream;
        const struct upstream_call_ops *ops;
        struct credentials *keys; // base credentials, while a call is under way
        int64_t refused_until_s;  // expiration of the base credentials that AWS refused; 0: it refused none
        const char *region;       // that it is signed for; NULL: the profile's issuer_region
        int64_t base_life_s;      // the base credentials should live for that long, and for 5 minutes
        bool is_asking_source;
};

// `ops` are called with the provider. Their write ends with signed_call_sign(), their explain calls
// signed_call_explain(), their done signed_call_done().
void signed_call_init(struct signed_call *call, const struct upstream_call_ops *ops, struct provider *provider);

// As the operations of a provider.
MUST_CHECK int signed_call_start(struct signed_call *call, struct error *e);
void signed_call_cancel(struct signed_call *call);

// Signs the request, with the fields and the body that it has. 0, or -1 with *e.
MUST_CHECK int signed_call_sign(struct signed_call *call, struct upstream_request *r, struct error *e);

// If AWS refused the base credentials, remembers them, so that the next call asks for newer ones; may change the kind.
void signed_call_explain(struct signed_call *call, struct error *e);

// Releases the base credentials and finishes the provider.
void signed_call_done(struct signed_call *call, struct credentials *c, const struct error *e);

#endif
