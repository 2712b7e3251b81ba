// SPDX-License-Identifier: Apache-2.0
// Which files "include" means: names and patterns relative to the configuration file. Wildcards (* ? [ ]) may stand in
// the last part of a path only, so that what is looked through is one directory, and a directory that is not there is a
// fault, not the same as an empty one.
#ifndef SIDECAR_CONFIG_INCLUDE_H
#define SIDECAR_CONFIG_INCLUDE_H

#include "sidecar/config/reader.h"

struct include_list {
        char **paths; // absolute, sorted, none twice; owned
        size_t count, capacity;
};

// Adds what each pattern of the array `node` of r->doc means. 0, or -1 with r->e. Free it in any case.
int include_find(struct reader *r, size_t node, struct include_list *list);
void include_free(struct include_list *list);

#endif
