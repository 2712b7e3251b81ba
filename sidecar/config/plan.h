// SPDX-License-Identifier: Apache-2.0
// The order in which profiles refresh: sources first. Refuses unknown names, circles and chains that are too long.
// Takes n log n for n profiles.
#ifndef SIDECAR_CONFIG_PLAN_H
#define SIDECAR_CONFIG_PLAN_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/config/profile.h"

#define PLAN_NONE ((size_t)-1)
#define PLAN_CHAIN_MAX 16 // profiles from one that is asked for to its last source

struct plan_name {
        const char *name;
        size_t index;
};

struct plan {
        size_t count;
        struct plan_name *names; // sorted by name
        size_t *sources;         // of each profile, as index; PLAN_NONE where it has none
        size_t *order;           // indexes, sources first, otherwise as given
        size_t placed;           // of these, so far
};

enum plan_result {
        PLAN_GOOD,
        PLAN_NO_MEMORY,
        PLAN_TWICE,     // the profile at fault is the second of its name
        PLAN_NO_SOURCE, // its source_profile names none of the profiles
        PLAN_CIRCLE,    // it is part of a circle
        PLAN_TOO_DEEP   // its chain of sources is longer than PLAN_CHAIN_MAX
};

// Makes the plan; *ret_fault is the index of the profile at fault. Free it in any case.
MUST_CHECK enum plan_result plan_make(struct plan *plan, const struct profile *profiles, size_t count,
                                      size_t *ret_fault);
void plan_free(struct plan *plan);

// The index of the profile of that name, or PLAN_NONE. Of a plan that is good.
size_t plan_find(const struct plan *plan, const char *name);

// Appends "a -> b -> a" for the circle that `index` is part of; the middle of a long one is left out.
void plan_describe_circle(const struct plan *plan, const struct profile *profiles, size_t index, struct buffer *out);

#endif
