// SPDX-License-Identifier: Apache-2.0
// An exchange that is signed with the credentials of another profile. They come from that profile's own cache, so that
// all profiles on one source share them; keys that AWS has refused are not asked for again. Loop thread only.
#ifndef SIDECAR_PROVIDERS_SIGNED_EXCHANGE_H
#define SIDECAR_PROVIDERS_SIGNED_EXCHANGE_H

#include "sidecar/providers/exchange.h"

struct signed_exchange {
        struct exchange exchange;
        const struct exchange_ops *ops;
        struct credentials *keys; // base credentials, while a call is under way
        int64_t refused_until_s;  // end of the base credentials that AWS refused; 0: none were
        bool is_asking_source;
};

// `ops` are called with the provider. Their write ends with signed_exchange_sign(), their explain calls
// signed_exchange_explain(), their done signed_exchange_done().
void signed_exchange_init(struct signed_exchange *x, const struct exchange_ops *ops, struct provider *provider);

// As the operations of a provider.
MUST_CHECK int signed_exchange_start(struct signed_exchange *x, struct error *e);
void signed_exchange_cancel(struct signed_exchange *x);

// Signs the request, with the fields and the body that it has. 0, or -1 with *e.
MUST_CHECK int signed_exchange_sign(struct signed_exchange *x, struct exchange_request *r, struct error *e);

// Takes note where the refusal is about the base credentials, so that the next call asks for newer ones; may change
// the kind.
void signed_exchange_explain(struct signed_exchange *x, struct error *e);

// Releases the base credentials and finishes the provider.
void signed_exchange_done(struct signed_exchange *x, struct credentials *c, const struct error *e);

#endif
