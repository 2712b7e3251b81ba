// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/draft.h"

#include <stdlib.h>
#include <string.h>

#include "proto/wire/api.h"
#include "proto/wire/limits.h"
#include "sidecar/base/env.h"
#include "sidecar/config/derive.h"
#include "sidecar/config/listener_read.h"
#include "sidecar/config/process_circle.h"
#include "sidecar/config/profile_check.h"
#include "sidecar/config/regions.h"
#include "sidecar/config/suggest.h"

#define FIRST_PROFILES ((size_t)8)
#define NAMES_TEXT ((size_t)200) // of known names in a hint
#define CIRCLE_TEXT ((size_t)400)
#define PLAN_FAULTS_MAX 64 // that are looked for: each takes a plan of its own

static int make_space(struct draft *d)
{
        size_t capacity = d->capacity ? 2 * d->capacity : FIRST_PROFILES;
        if (d->count < d->capacity)
                return 0;
        struct profile *profiles = reallocarray(d->profiles, capacity, sizeof(*profiles));
        if (profiles)
                d->profiles = profiles;
        struct origin *origins = reallocarray(d->origins, capacity, sizeof(*origins));
        if (origins)
                d->origins = origins;
        if (!profiles || !origins)
                return reader_no_memory(d->reader);
        d->capacity = capacity;
        return 0;
}

struct profile *draft_add(struct draft *d, struct origin origin)
{
        if (make_space(d) < 0)
                return NULL;
        d->origins[d->count] = origin;
        d->profiles[d->count] = (struct profile){.name = NULL};
        return &d->profiles[d->count++];
}

size_t draft_turn_to(struct draft *d, size_t index)
{
        reader_move(d->reader, d->origins[index].place);
        return d->origins[index].node;
}

int draft_go_on(struct draft *d, size_t index)
{
        d->origins[index].is_bad = true;
        return reader_go_on(d->reader);
}

int draft_keep_fault(const struct draft *d, struct profile *p)
{
        const struct error *e = d->reader->e;
        if (e->kind != ERROR_CONFIG)
                return -1;
        *p = (struct profile){.name = p->name,
                              .type = p->declared_type,
                              .declared_type = p->declared_type,
                              .on_demand = p->on_demand,
                              .is_implied = p->is_implied,
                              .stands_for = p->stands_for,
                              .region = p->region};
        if (reader_keep(d->reader, slice_str(e->message), &p->fault) < 0)
                return -1;
        return e->hint[0] ? reader_keep(d->reader, slice_str(e->hint), &p->fault_hint) : 0;
}

// The names there are, with the nearest first.
static int hint_names(const struct draft *d, const struct plan *plan, const char *word)
{
        struct suggestion near = {.word = slice_str(word)};
        struct buffer names;
        buffer_init(&names, 2 * NAMES_TEXT);
        for (size_t i = 0; i < plan->count; i++) {
                suggest_consider(&near, plan->names[i].name);
                if (names.n > NAMES_TEXT)
                        continue;
                (void)buffer_printf(&names, "%s%s", names.n ? ", " : "", plan->names[i].name);
                if (names.n > NAMES_TEXT)
                        (void)buffer_put_str(&names, ", …");
        }
        const char *list = buffer_c_str(&names);
        if (near.best)
                error_hint(d->reader->e, "did you mean \"%s\"? Profiles are: %s", near.best, list ? list : "…");
        else
                error_hint(d->reader->e, "profiles are: %s", list ? list : "…");
        buffer_free(&names);
        return -1;
}

// In one file the JSON reader has refused it.
static int refuse_second(struct draft *d, size_t second)
{
        struct reader *r = d->reader;
        struct json_fault at;
        size_t first = 0;
        while (strcmp(d->profiles[first].name, d->profiles[second].name) != 0)
                first++;
        size_t node = draft_turn_to(d, first);
        json_locate(r->doc, node, &at);
        const char *file = r->file;
        reader_fail(r, draft_turn_to(d, second),
                    "found a second profile of this name, expected one: the other is in %s:%u", file, at.line);
        return error_hint(r->e, "rename or remove one of the two");
}

static int refuse_plan(struct draft *d, const struct plan *plan, enum plan_result result, size_t fault)
{
        struct reader *r = d->reader;
        if (result == PLAN_NO_MEMORY)
                return reader_no_memory(r);
        if (result == PLAN_TWICE)
                return refuse_second(d, fault);
        const char *source = d->profiles[fault].source_profile;
        size_t node = reader_at(r, draft_turn_to(d, fault), "source_profile");
        if (result == PLAN_NO_SOURCE) {
                reader_fail(r, node, "found \"%s\", expected the name of a profile%s", source,
                            d->include == JSON_NONE ? " of this file" : "");
                return hint_names(d, plan, source);
        }
        if (result == PLAN_TOO_DEEP) {
                reader_fail(r, node, "found a chain of more than %d profiles, expected fewer", PLAN_CHAIN_MAX);
                return error_hint(r->e, "use a source_profile that is nearer to the end of the chain");
        }
        struct buffer circle;
        buffer_init(&circle, CIRCLE_TEXT);
        plan_describe_circle(plan, d->profiles, fault, &circle);
        if (circle.failed)
                reader_fail(r, node,
                            "found a circle of source profiles that \"%s\" is one of, expected a chain that ends",
                            d->profiles[fault].name);
        else
                reader_fail(r, node, "found a circle of source profiles (%.*s), expected a chain that ends",
                            (int)circle.n, (const char *)circle.p);
        buffer_free(&circle);
        return error_hint(r->e, "one of them must be of type static, web_identity or roles_anywhere");
}

// What follows from the profile's settings needs all of them, and its source's.
static int complete_profile(struct derivation *derivation, struct draft *d, size_t index, size_t source_index)
{
        struct profile *p = &d->profiles[index];
        bool has_source = source_index != PLAN_NONE && !d->origins[source_index].is_bad;
        const struct profile *source = has_source ? &d->profiles[source_index] : NULL;
        size_t node = draft_turn_to(d, index);
        bool is_whole = !d->origins[index].is_bad && (has_source || source_index == PLAN_NONE);
        if (!is_whole)
                d->origins[index].is_bad = true;
        else if (derive_profile(derivation, node, p, source) < 0)
                return -1;
        return profile_check(d->reader, node, p, source);
}

static int complete_profiles(struct draft *d, const struct plan *plan)
{
        struct derivation derivation = {.reader = d->reader, .region = d->store->settings.region};
        if (derive_begin(&derivation) < 0 && reader_go_on(d->reader) < 0)
                return -1;
        if (!d->store->settings.region)
                d->store->settings.region = derivation.env_region;
        for (size_t i = 0; i < plan->count; i++) {
                size_t index = plan->order[i];
                struct profile *p = &d->profiles[index];
                size_t source = plan->sources[index];
                if (p->fault || complete_profile(&derivation, d, index, source) == 0)
                        continue;
                if (d->keeps_faults ? draft_keep_fault(d, p) < 0 : draft_go_on(d, index) < 0)
                        return -1;
        }
        reader_move(d->reader, &d->main);
        return 0;
}

// Moves the profiles into the plan's order.
// Where the region is configured: for this profile, or for all. JSON_NONE: elsewhere.
static size_t find_region(struct draft *d, size_t index, const char *key, const char *region)
{
        size_t node = draft_turn_to(d, index);
        if (node != JSON_NONE && json_get(d->reader->doc, node, slice_str(key)) != JSON_NONE)
                return reader_at(d->reader, node, key);
        reader_move(d->reader, &d->main);
        size_t top = d->main.doc ? json_get(d->main.doc, JSON_ROOT, SLICE("region")) : JSON_NONE;
        return top != JSON_NONE && json_string_is(d->main.doc, top, slice_str(region)) ? top : JSON_NONE;
}

static int check_region(struct draft *d, size_t index, const char *key, const char *region)
{
        if (!region || regions_is_known(region))
                return 0;
        const char *near = regions_suggest(region);
        size_t node = find_region(d, index, key, region);
        const struct profile *p = &d->profiles[index];
        const char *name = p->is_implied && p->stands_for ? p->stands_for : p->name;
        return reader_warn(
            d->reader, node, "unknown_region", "correct it, unless it is new or not one of AWS's: it is used as it is",
            "%s%s%sfound region \"%s\", which this version does not know%s%s%s", node == JSON_NONE ? "profile " : "",
            node == JSON_NONE ? name : "", node == JSON_NONE ? ": " : "", region, near ? "; did you mean \"" : "",
            near ? near : "", near ? "\"?" : "");
}

// A misspelt region is a host that does not exist.
static int check_regions(struct draft *d)
{
        for (size_t i = 0; i < d->count; i++) {
                const struct profile *p = &d->profiles[i];
                bool has_custom_endpoint = p->endpoint_url && p->aws_partition == 0; // of another system, perhaps
                if (p->fault || has_custom_endpoint)
                        continue;
                if (check_region(d, i, "region", p->region) < 0 ||
                    (p->issuer_region && p->region && strcmp(p->issuer_region, p->region) != 0 &&
                     check_region(d, i, "sts_region", p->issuer_region) < 0) ||
                    check_region(d, i, "sso_region", p->sso.region) < 0)
                        return -1;
        }
        reader_move(d->reader, &d->main);
        return 0;
}

static int settle(struct draft *d, const struct plan *plan)
{
        struct settings *s = &d->store->settings;
        size_t *places = calloc(plan->count, sizeof(*places));
        s->profiles = arena_array(&d->store->strings, plan->count, sizeof(*s->profiles));
        s->by_name = arena_array(&d->store->strings, plan->count, sizeof(*s->by_name));
        if (!s->profiles || !s->by_name || !places) {
                free(places);
                return reader_no_memory(d->reader);
        }
        s->profiles_count = plan->count;
        for (size_t i = 0; i < plan->count; i++) {
                s->profiles[i] = d->profiles[plan->order[i]];
                s->profiles[i].settings = s;
                places[plan->order[i]] = i;
        }
        for (size_t i = 0; i < plan->count; i++)
                s->by_name[i] = places[plan->names[i].index];
        free(places);
        return 0;
}

// Takes the fault out of the draft, so that the next one can be found.
static void drop_fault(struct draft *d, enum plan_result result, size_t fault)
{
        if (result != PLAN_TWICE) {
                d->profiles[fault].source_profile = NULL;
                return;
        }
        size_t n = --d->count - fault;
        memmove(&d->profiles[fault], &d->profiles[fault + 1], n * sizeof(*d->profiles));
        memmove(&d->origins[fault], &d->origins[fault + 1], n * sizeof(*d->origins));
}

static int make_plan(struct draft *d, struct plan *plan)
{
        for (unsigned tries = 0;; tries++) {
                size_t fault;
                enum plan_result result = plan_make(plan, d->profiles, d->count, &fault);
                if (result == PLAN_GOOD)
                        return 0;
                (void)refuse_plan(d, plan, result, fault);
                if (draft_go_on(d, fault) < 0 || tries == PLAN_FAULTS_MAX)
                        return -1;
                drop_fault(d, result, fault);
                plan_free(plan);
        }
}

static int finish_profiles(struct draft *d)
{
        struct plan plan;
        int r = make_plan(d, &plan);
        if (r == 0)
                r = complete_profiles(d, &plan);
        if (r == 0)
                r = process_circle_check(d, &plan);
        if (r == 0)
                r = check_regions(d);
        if (r == 0)
                r = settle(d, &plan);
        plan_free(&plan);
        return r;
}

static int refuse_socket(struct reader *r, const char *what)
{
        error_set(r->e, ERROR_CONFIG, "%s: found too long a path, expected at most %d bytes", what, LIMIT_UNIX_PATH);
        return error_hint(r->e, "set a shorter path with --socket: the system limits socket paths");
}

// `path` is relative to where the process runs, not to the file.
static int keep_socket(struct draft *d, const char *path, const char *what, char **ret)
{
        if (reader_keep_env_path(d->reader, path, ret) < 0)
                return -1;
        return strlen(*ret) > LIMIT_UNIX_PATH ? refuse_socket(d->reader, what) : 0;
}

// --socket is where the first Unix socket is made.
static int move_socket(struct draft *d)
{
        const struct settings *s = &d->store->settings;
        for (size_t i = 0; i < s->listeners_count; i++)
                if (s->listeners[i].unix_path)
                        return keep_socket(d, d->socket_path, "--socket", &s->listeners[i].unix_path);
        error_set(d->reader->e, ERROR_CONFIG, "--socket: found no listener with \"unix\" in the configuration");
        return error_hint(d->reader->e, "leave out --socket, or add {\"unix\": \"PATH\"} to \"listeners\"");
}

static int finish_listeners(struct draft *d)
{
        struct settings *s = &d->store->settings;
        char path[LIMIT_UNIX_PATH + 1];
        bool has_flag = d->socket_path && d->socket_path[0];
        if (s->listeners_count)
                return has_flag ? move_socket(d) : 0;
        const char *keyfob_socket = env_get(d->reader->env, "KEYFOB_SOCKET");
        const char *what = has_flag ? "--socket" : (keyfob_socket ? "KEYFOB_SOCKET" : "XDG_RUNTIME_DIR");
        if (api_socket_path(d->socket_path, keyfob_socket, env_get(d->reader->env, "XDG_RUNTIME_DIR"), NULL, path,
                            sizeof(path)) < 0)
                return refuse_socket(d->reader, what);
        s->listeners = arena_array(&d->store->strings, 1, sizeof(*s->listeners));
        if (!s->listeners)
                return reader_no_memory(d->reader);
        s->listeners_count = 1;
        s->listeners[0].mode = LISTENER_DEFAULT_MODE;
        s->listeners[0].apis = LISTENER_NATIVE;
        return keep_socket(d, path, what, &s->listeners[0].unix_path);
}

int draft_finish(struct draft *d)
{
        if (finish_listeners(d) < 0 && reader_go_on(d->reader) < 0)
                return -1;
        return finish_profiles(d);
}

void draft_free(struct draft *d)
{
        free(d->profiles);
        free(d->origins);
}
