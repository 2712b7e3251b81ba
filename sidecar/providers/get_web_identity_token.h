// SPDX-License-Identifier: Apache-2.0
// Web identity tokens of STS (GetWebIdentityToken): JWTs for services outside AWS, signed by AWS for the identity that
// a profile's credentials are of. As a provider, so that the vault caches, renews and wipes them as it does
// credentials: the token is the session token of what it gives, whose key says that it is none of AWS's.
#ifndef SIDECAR_PROVIDERS_GET_WEB_IDENTITY_TOKEN_H
#define SIDECAR_PROVIDERS_GET_WEB_IDENTITY_TOKEN_H

#include "sidecar/base/web_identity_request.h"
#include "sidecar/providers/provider.h"

// `profile` is held; `source` is its entry's. The rest is copied. 0 and *ret, freed by provider_free(); or -1 with *e:
// out of memory.
MUST_CHECK int get_web_identity_token_new(const struct provider_deps *deps, const struct profile *profile,
                                          const struct credentials_source *source,
                                          const struct web_identity_endpoint *at,
                                          const struct web_identity_request *request, struct provider **ret,
                                          struct error *e);

#endif
