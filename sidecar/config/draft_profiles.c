// SPDX-License-Identifier: Apache-2.0
// Owns draft_read_profiles(): "profiles", of the main file or of an included one, joins the draft.
#include <stdlib.h>

#include "proto/wire/api.h"
#include "sidecar/config/draft.h"
#include "sidecar/config/profile_read.h"

static int make_space(struct draft *d, size_t count)
{
        size_t capacity = 2 * d->capacity > d->count + count ? 2 * d->capacity : d->count + count;
        if (d->count + count <= d->capacity)
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

static int read_name(struct reader *r, size_t key, char **ret)
{
        struct slice name = {NULL, 0};
        if (reader_text(r, key, &name) < 0)
                return -1;
        if (!api_is_profile_name(name)) {
                reader_expected(r, key, "a profile name: 1 to 128 of A-Z a-z 0-9 _ . @ + - and inner spaces");
                return error_hint(r->e, "rename the profile; the name is part of the socket's paths");
        }
        return reader_keep(r, name, ret);
}

int draft_read_profiles(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct draft *d = record;
        (void)rule;
        if (json_kind(r->doc, value) != JSON_OBJECT)
                return reader_expected(r, value, "an object of profiles by name");
        size_t count = json_length(r->doc, value);
        if (count == 0) {
                reader_fail(r, value, "found no profile, expected at least one");
                return error_hint(r->e, "add one: {\"NAME\": {\"type\": \"web_identity\", …}}");
        }
        if (make_space(d, count) < 0)
                return -1;
        for (size_t key = json_first(r->doc, value); key != JSON_NONE; key = json_next(r->doc, key), d->count++) {
                char *name = NULL;
                size_t node = json_value(r->doc, key);
                d->profiles[d->count] = (struct profile){0};
                d->origins[d->count] = (struct origin){d->place, node};
                if (read_name(r, key, &name) < 0 || profile_read(r, node, name, &d->profiles[d->count]) < 0)
                        return -1;
        }
        return 0;
}
