// SPDX-License-Identifier: Apache-2.0
// Every profile has one source at most, so each walk from a profile to its last source is a line; a walk that meets
// itself is a circle.
#include "sidecar/config/plan.h"

#include <stdlib.h>
#include <string.h>

#define CIRCLE_SHOWN 8 // names of a circle in a message

enum state { STATE_NEW, STATE_ON_WALK, STATE_PLACED };

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
        if (plan->count == 0)
                return PLAN_NONE;
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

// `states` and `depths` have one element for each profile; `depths` counts a profile and what is below it.
static enum plan_result place_all(struct plan *plan, unsigned char *states, size_t *depths, size_t *ret_fault)
{
        size_t placed = 0;
        for (size_t i = 0; i < plan->count; i++) {
                size_t walk[PLAN_CHAIN_MAX];
                size_t n = 0;
                size_t at = i;
                while (at != PLAN_NONE && states[at] == STATE_NEW && n < PLAN_CHAIN_MAX) {
                        states[at] = STATE_ON_WALK;
                        walk[n++] = at;
                        at = plan->sources[at];
                }
                size_t below = at != PLAN_NONE && states[at] == STATE_PLACED ? depths[at] : 0;
                if (at != PLAN_NONE && states[at] != STATE_PLACED) {
                        *ret_fault = states[at] == STATE_ON_WALK ? at : i;
                        return states[at] == STATE_ON_WALK ? PLAN_CIRCLE : PLAN_TOO_DEEP;
                }
                if (below + n > PLAN_CHAIN_MAX) {
                        *ret_fault = i;
                        return PLAN_TOO_DEEP;
                }
                while (n > 0) {
                        at = walk[--n];
                        states[at] = STATE_PLACED;
                        depths[at] = ++below;
                        plan->order[placed++] = at;
                }
        }
        return PLAN_GOOD;
}

// A chain that is too long may well be a circle, which says more.
static bool is_on_circle(const struct plan *plan, size_t from, size_t *ret_member)
{
        size_t at = from;
        for (size_t i = 0; i < plan->count && at != PLAN_NONE; i++)
                at = plan->sources[at];
        *ret_member = at;
        return at != PLAN_NONE;
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
        unsigned char *states = calloc(count, sizeof(*states));
        size_t *depths = calloc(count, sizeof(*depths));
        enum plan_result result = PLAN_NO_MEMORY;
        if (plan->names && plan->sources && plan->order && states && depths) {
                result = sort_names(plan, profiles, ret_fault);
                if (result == PLAN_GOOD)
                        result = find_sources(plan, profiles, ret_fault);
                if (result == PLAN_GOOD)
                        result = place_all(plan, states, depths, ret_fault);
                size_t member;
                if (result == PLAN_TOO_DEEP && is_on_circle(plan, *ret_fault, &member)) {
                        *ret_fault = member;
                        result = PLAN_CIRCLE;
                }
        }
        free(states);
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
