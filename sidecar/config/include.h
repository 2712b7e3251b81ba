// SPDX-License-Identifier: Apache-2.0
// Which files "include" means: names and patterns relative to the configuration file. Wildcards (* ? [ ]) are allowed
// in the last part of a path only, so that a pattern means files of one directory. A missing directory is a fault, an
// empty one is not.
#ifndef SIDECAR_CONFIG_INCLUDE_H
#define SIDECAR_CONFIG_INCLUDE_H

#include "sidecar/config/reader.h"

struct include_list {
        char **paths; // absolute, sorted, none twice; owned
        size_t count, capacity;
};

// Adds what each pattern of the array `node` of r->doc means. 0, or -1 with r->e. Free it in any case.
MUST_CHECK int include_find(struct reader *r, size_t node, struct include_list *list);
void include_free(struct include_list *list);

#endif
