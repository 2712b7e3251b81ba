// SPDX-License-Identifier: Apache-2.0
// Owns draft_read_profiles(): "profiles", of the main file or of an included one, joins the draft.
#include "proto/wire/api.h"
#include "sidecar/config/draft.h"
#include "sidecar/config/profile_read.h"

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
        if (json_length(r->doc, value) == 0) {
                reader_fail(r, value, "found no profile, expected at least one");
                return error_hint(r->e, "add one: {\"NAME\": {\"type\": \"web_identity\", …}}");
        }
        for (size_t key = json_first(r->doc, value); key != JSON_NONE; key = json_next(r->doc, key)) {
                char *name = NULL;
                size_t node = json_value(r->doc, key);
                struct profile *p = draft_add(d, (struct origin){d->place, node});
                if (!p || read_name(r, key, &name) < 0 || profile_read(r, node, name, p) < 0)
                        return -1;
        }
        return 0;
}
