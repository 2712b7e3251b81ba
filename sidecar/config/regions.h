// SPDX-License-Identifier: Apache-2.0
// The regions of AWS that are known today, to notice misspelt ones. Nothing follows from the list but a warning: new
// regions come often.
#ifndef SIDECAR_CONFIG_REGIONS_H
#define SIDECAR_CONFIG_REGIONS_H

#include <stdbool.h>

// Also the pseudo regions of partitions, such as "aws-global".
bool regions_is_known(const char *region);

// A region that is spelt much like this one, or NULL.
const char *regions_suggest(const char *region);

#endif
