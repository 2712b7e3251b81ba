// SPDX-License-Identifier: Apache-2.0
// Where STS is for calls that are signed with a profile's credentials. Always a regional endpoint: the global one does
// not serve GetWebIdentityToken.
#ifndef SIDECAR_CONFIG_STS_ENDPOINT_H
#define SIDECAR_CONFIG_STS_ENDPOINT_H

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"
#include "sidecar/base/web_identity_request.h"
#include "sidecar/config/profile.h"

// `region`: in place of the profile's; empty: the profile's. 0, or -1 with *e (ERROR_CONFIG): no region is known, it is
// not one, or the configured endpoint cannot be used.
MUST_CHECK int sts_endpoint_of(const struct profile *p, struct slice region, struct web_identity_endpoint *ret,
                               struct error *e);

#endif
