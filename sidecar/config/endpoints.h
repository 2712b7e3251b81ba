// SPDX-License-Identifier: Apache-2.0
// Regions, partitions and the regional endpoints of the services that issue credentials.
#ifndef SIDECAR_CONFIG_ENDPOINTS_H
#define SIDECAR_CONFIG_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/mem/slice.h"

#define ENDPOINTS_URL_SIZE 192 // for endpoints_regional() with a region that endpoints_is_region() accepts

// A DNS label: letters, digits, hyphens, 1 to 63 characters, no hyphen at the ends.
bool endpoints_is_region(struct slice region);

// DNS suffix of the region's partition, "amazonaws.com" for one that is not known.
const char *endpoints_dns_suffix(struct slice region);

// The region that stands behind a partition's global name ("aws-global": "us-east-1"), or NULL for a real region.
const char *endpoints_global_region(struct slice name);

// "https://<prefix>.<region>.<suffix>" as a NUL-terminated string. 0, or -ENAMETOOLONG, -EINVAL for a bad region.
int endpoints_regional(const char *prefix, struct slice region, char *out, size_t out_size);

#endif
