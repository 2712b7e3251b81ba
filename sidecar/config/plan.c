// SPDX-License-Identifier: Apache-2.0
// Every profile has one source at most, so each walk from a profile to its last source is a line; a walk that meets
// itself is a circle.
#include "sidecar/config/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CIRCLE_SHOWN 8 // names of a circle in a message

#define ON_WALK SIZE_MAX // for a depth: the profile is not placed yet, but its sources are being placed

static int compare_names(const void *a, const void *b)
{
        const struct plan_name *x = a, *y = b;
        return strcmp(x->name, y->name);
}

// Of two of one name that which was given first is first.
static int compare_places(const void *a, const void *b)
{
        const struct plan_name *x = a, *y = b;
        int order = strcmp(x->name, y->name);
        return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static enum plan_result sort_names(struct plan *plan, const struct profile *profiles, size_t *ret_fault)
{
        for (size_t i = 0; i < plan->count; i++)
                plan->names[i] = (struct plan_name){profiles[i].name, i};
        qsort(plan->names, plan->count, sizeof(*plan->names), compare_places);
        for (size_t i = 1; i < plan->count; i++) {
                if (strcmp(plan->names[i - 1].name, plan->names[i].name) != 0)
                        continue;
                *ret_fault = plan->names[i].index;
                return PLAN_TWICE;
        }
        return PLAN_GOOD;
}

size_t plan_find(const struct plan *plan, const char *name)
{
        const struct plan_name key = {name, 0};
        const struct plan_name *found = bsearch(&key, plan->names, plan->count, sizeof(key), compare_names);
        return found ? found->index : PLAN_NONE;
}

static enum plan_result find_sources(struct plan *plan, const struct profile *profiles, size_t *ret_fault)
{
        for (size_t i = 0; i < plan->count; i++) {
                plan->sources[i] = PLAN_NONE;
                if (!profiles[i].source_profile)
                        continue;
                plan->sources[i] = plan_find(plan, profiles[i].source_profile);
                if (plan->sources[i] == PLAN_NONE) {
                        *ret_fault = i;
                        return PLAN_NO_SOURCE;
                }
        }
        return PLAN_GOOD;
}

// Places the sources of a profile, then the profile. `depths` counts a profile and its sources, 0: it is not placed;
// `walked` the profiles that led here. *ret_fault is set for a circle.
static enum plan_result place(struct plan *plan, size_t *depths, size_t at, size_t walked, size_t *ret_fault)
{
        size_t source = plan->sources[at], below = 0;
        if (depths[at] == ON_WALK) {
                *ret_fault = at;
                return PLAN_CIRCLE;
        }
        if (depths[at] > 0)
                return PLAN_GOOD;
        if (walked == PLAN_CHAIN_MAX)
                return PLAN_TOO_DEEP;
        depths[at] = ON_WALK;
        if (source != PLAN_NONE) {
                enum plan_result result = place(plan, depths, source, walked + 1, ret_fault);
                if (result != PLAN_GOOD)
                        return result;
                below = depths[source];
        }
        if (below == PLAN_CHAIN_MAX)
                return PLAN_TOO_DEEP;
        depths[at] = below + 1;
        plan->order[plan->placed++] = at;
        return PLAN_GOOD;
}

static enum plan_result place_all(struct plan *plan, size_t *depths, size_t *ret_fault)
{
        enum plan_result result = PLAN_GOOD;
        size_t i = 0;
        while (i < plan->count && (result = place(plan, depths, i, 0, ret_fault)) == PLAN_GOOD)
                i++;
        if (result != PLAN_TOO_DEEP)
                return result;
        *ret_fault = i;
        for (size_t walked = 0; walked < plan->count && i != PLAN_NONE; walked++)
                i = plan->sources[i];
        if (i == PLAN_NONE)
                return PLAN_TOO_DEEP;
        *ret_fault = i; // a circle, which is the better message
        return PLAN_CIRCLE;
}

enum plan_result plan_make(struct plan *plan, const struct profile *profiles, size_t count, size_t *ret_fault)
{
        *plan = (struct plan){.count = count};
        *ret_fault = 0;
        if (count == 0)
                return PLAN_GOOD;
        plan->names = calloc(count, sizeof(*plan->names));
        plan->sources = calloc(count, sizeof(*plan->sources));
        plan->order = calloc(count, sizeof(*plan->order));
        size_t *depths = calloc(count, sizeof(*depths));
        enum plan_result result = PLAN_NO_MEMORY;
        if (plan->names && plan->sources && plan->order && depths) {
                result = sort_names(plan, profiles, ret_fault);
                if (result == PLAN_GOOD)
                        result = find_sources(plan, profiles, ret_fault);
                if (result == PLAN_GOOD)
                        result = place_all(plan, depths, ret_fault);
        }
        free(depths);
        return result;
}

void plan_free(struct plan *plan)
{
        free(plan->names);
        free(plan->sources);
        free(plan->order);
        *plan = (struct plan){0};
}

void plan_describe_circle(const struct plan *plan, const struct profile *profiles, size_t index, struct buffer *out)
{
        size_t at = index;
        size_t shown = 0;
        do {
                if (shown < CIRCLE_SHOWN)
                        (void)buffer_printf(out, "%s -> ", profiles[at].name);
                else if (shown == CIRCLE_SHOWN)
                        (void)buffer_put_str(out, "… -> ");
                shown++;
                at = plan->sources[at];
        } while (at != index && at != PLAN_NONE);
        (void)buffer_put_str(out, profiles[index].name);
}
