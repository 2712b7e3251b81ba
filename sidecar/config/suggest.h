// SPDX-License-Identifier: Apache-2.0
// "Did you mean …": how far apart two words are.
#ifndef SIDECAR_CONFIG_SUGGEST_H
#define SIDECAR_CONFIG_SUGGEST_H

#include "proto/mem/slice.h"

// The best candidate so far; starts as {word, NULL, 0}.
struct suggestion {
        struct slice word; // as written
        const char *best;  // NULL: nothing is near
        size_t distance;
};

// Keeps `candidate` when it is nearer than the best and near at all: insertions, deletions, replacements and swaps of
// neighbours, at most one for every three characters.
void suggest_consider(struct suggestion *s, const char *candidate);

#endif
