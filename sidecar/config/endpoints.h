// SPDX-License-Identifier: Apache-2.0
// Regions, partitions and the endpoints of the services that issue credentials.
#ifndef SIDECAR_CONFIG_ENDPOINTS_H
#define SIDECAR_CONFIG_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

#define ENDPOINTS_URL_SIZE 192 // for endpoints_resolve() with a region that endpoints_is_region() accepts

enum endpoints_service {
        ENDPOINTS_STS,
        ENDPOINTS_ROLESANYWHERE,
        ENDPOINTS_SECRETS_MANAGER,
        ENDPOINTS_SSO, // the portal of IAM Identity Center: role credentials
        ENDPOINTS_SSO_OIDC,
        ENDPOINTS_SIGNIN // what `aws login` logs in to
};

// Bits of a variant; 0 is the plain endpoint.
enum endpoints_variant { ENDPOINTS_FIPS = 1, ENDPOINTS_DUALSTACK = 2 };

// A DNS label: letters, digits, hyphens, 1 to 63 characters, no hyphen at the ends.
bool endpoints_is_region(struct slice region);

// "fips-us-east-1", "us-east-1-fips": no regions, but older tools' way to ask for another endpoint.
bool endpoints_is_fips_name(struct slice region);

// The region that stands behind a partition's global name ("aws-global": "us-east-1"), or NULL for a real region.
const char *endpoints_global_region(struct slice name);

// Which partition a region or a global name is of, as a number above 0 that is good for comparing. A region of no known
// form counts to the partition "aws".
unsigned endpoints_partition(struct slice region);

// Whether sts_regional_endpoints "legacy" means the global endpoint of STS there; all other regions stay regional.
bool endpoints_is_sts_legacy(struct slice region);

// The base URL by AWS's rules, mostly "https://<prefix>[-fips].<region>.<suffix>", as a NUL-terminated string; not
// every name that follows is in DNS. A region of no known form counts to the partition "aws", as in the SDKs. 0, or
// -ENAMETOOLONG, -EINVAL for a bad region.
MUST_CHECK int endpoints_resolve(enum endpoints_service service, struct slice region, unsigned variant, char *out,
                                 size_t out_size);

#endif
