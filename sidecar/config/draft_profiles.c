// SPDX-License-Identifier: Apache-2.0
// Owns draft_read_profiles(): "profiles", of the main file or of an included one, joins the draft.
#include "proto/wire/api.h"
#include "sidecar/config/draft.h"
#include "sidecar/config/profile_read.h"

// *ret is the name also where it is refused.
static int read_name(struct reader *r, size_t key, char **ret)
{
        struct slice name = {NULL, 0};
        if (reader_text(r, key, &name) < 0 || reader_keep(r, name, ret) < 0)
                return -1;
        if (api_is_profile_name(name))
                return 0;
        reader_expected(r, key, "a profile name: 1 to 128 of A-Z a-z 0-9 _ . @ + - and inner spaces");
        return error_hint(r->e, "rename the profile; the name is part of the socket's paths");
}

static int read_one(struct reader *r, struct draft *d, size_t key)
{
        char *name = NULL;
        size_t node = json_value(r->doc, key);
        size_t index = d->count, before = reader_faults_count(r);
        struct profile *p = draft_add(d, (struct origin){.place = d->place, .node = node});
        if (!p || (read_name(r, key, &name) < 0 && draft_go_on(d, index) < 0) ||
            (profile_read(r, node, name, p) < 0 && draft_go_on(d, index) < 0))
                return -1;
        d->origins[index].is_bad = reader_faults_count(r) > before;
        return 0;
}

int draft_read_profiles(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        (void)rule;
        if (json_kind(r->doc, value) != JSON_OBJECT)
                return reader_expected(r, value, "an object of profiles by name");
        if (json_length(r->doc, value) == 0) {
                reader_fail(r, value, "found no profile, expected at least one");
                return error_hint(r->e, "add one: {\"NAME\": {\"type\": \"web_identity\", …}}");
        }
        for (size_t key = json_first(r->doc, value); key != JSON_NONE; key = json_next(r->doc, key))
                if (read_one(r, record, key) < 0)
                        return -1;
        return 0;
}
