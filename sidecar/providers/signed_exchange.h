// SPDX-License-Identifier: Apache-2.0
// An exchange that is signed with the credentials of another profile. They come from that profile's own cache, so that
// all who stand on it share them; keys that AWS has refused are not offered to it again. Loop thread only.
#ifndef SIDECAR_PROVIDERS_SIGNED_EXCHANGE_H
#define SIDECAR_PROVIDERS_SIGNED_EXCHANGE_H

#include "proto/mem/time.h"
#include "sidecar/providers/exchange.h"
#include "sidecar/signing/sigv4.h"

struct signed_exchange {
        // set by the owner, before signed_exchange_init()
        struct provider *provider; // the owner
        struct credentials_source source;
        const struct header *headers; // of every request, besides what signing adds; static
        size_t headers_count;

        // the owner writes the body in its prepare; the rest is ours
        struct buffer body;
        struct buffer signing;
        struct exchange exchange;
        struct credentials *keys; // base credentials, while a call is under way
        char amz_date[TIME_AMZ_SIZE];
        int64_t refused_until_s; // end of the base credentials that AWS refused; 0: none were
        bool is_asking_source, is_cancelled;
};

// The provider is what `ops` are called with. Their prepare ends with signed_exchange_sign(), their explain calls
// signed_exchange_explain(), their done signed_exchange_done(). 0, or -1 with *e: out of memory.
int signed_exchange_init(struct signed_exchange *x, const struct exchange_ops *ops, const struct provider_deps *deps,
                         struct error *e);
void signed_exchange_deinit(struct signed_exchange *x);

// As the operations of a provider.
int signed_exchange_start(struct signed_exchange *x, struct error *e);
void signed_exchange_cancel(struct signed_exchange *x);

// Signs what `body` holds and writes the request. 0, or -1 with *e.
int signed_exchange_sign(struct signed_exchange *x, int64_t time_s, struct exchange_post *post, struct error *e);

// Takes note where the refusal is about the base credentials, so that the next call asks for newer ones; may change
// the kind.
void signed_exchange_explain(struct signed_exchange *x, struct error *e);

// Forgets the base credentials and finishes the provider.
void signed_exchange_done(struct signed_exchange *x, struct credentials *c, const struct error *e);

#endif
