// SPDX-License-Identifier: Apache-2.0
// Owns the top level of the file: its keys, and the list of profiles.
#include "sidecar/config/settings_parse.h"

#include <stddef.h>
#include <stdlib.h>

#include "proto/wire/api.h"
#include "sidecar/config/draft.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/listener_read.h"
#include "sidecar/config/profile_read.h"

static key_read_fn read_region, read_listeners, read_profiles;

static const struct key_rule rules[] = {
    {"$schema", 0, reader_nothing, .expected = "the address of the schema, a string"},
    {"region", 0, read_region, .is_valid = endpoints_is_region, .expected = "an AWS region such as us-east-1"},
    {.key = "listeners", .read = read_listeners},
    {.key = "profiles", .read = read_profiles},
};

static int read_region(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct draft *d = record;
        return reader_string(r, value, rule, &d->store->settings.region);
}

static int read_listeners(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct draft *d = record;
        (void)rule;
        return listener_read_all(r, value, &d->store->settings.listeners, &d->store->settings.listeners_count);
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

static int read_profiles(struct reader *r, size_t value, const struct key_rule *rule, void *record)
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
        d->profiles = calloc(count, sizeof(*d->profiles));
        d->nodes = calloc(count, sizeof(*d->nodes));
        if (!d->profiles || !d->nodes)
                return reader_no_memory(r);
        for (size_t key = json_first(r->doc, value); key != JSON_NONE; key = json_next(r->doc, key), d->count++) {
                char *name = NULL;
                d->nodes[d->count] = json_value(r->doc, key);
                if (read_name(r, key, &name) < 0 ||
                    profile_read(r, d->nodes[d->count], name, &d->profiles[d->count]) < 0)
                        return -1;
        }
        return 0;
}

static int read_root(struct draft *d)
{
        static const struct key_table table = {rules, sizeof(rules) / sizeof(rules[0]), "the top level's", 0};
        if (reader_object(d->reader, JSON_ROOT, &table, d) < 0)
                return -1;
        if (d->count == 0) {
                reader_fail(d->reader, JSON_ROOT, "found no \"profiles\", which the file needs");
                return error_hint(d->reader->e, "add \"profiles\": {\"NAME\": {\"type\": \"web_identity\", …}}");
        }
        return draft_finish(d);
}

static int parse_text(const struct settings_source *source, struct json_doc *doc, struct slice text, struct error *e)
{
        struct json_fault fault;
        if (json_parse(doc, text, &fault) == 0)
                return 0;
        error_set(e, ERROR_CONFIG, "%s:%u:%u: found invalid JSON (%s), expected one object", source->file, fault.line,
                  fault.column, fault.what);
        return error_hint(e, "correct it there; JSON has no comments, no commas after the last element, no key twice");
}

int settings_parse(const struct settings_source *source, struct slice text, struct settings **ret, struct error *e)
{
        struct settings_store *store = settings_store_new();
        if (!store)
                return error_set(e, ERROR_INTERNAL, "%s: out of memory", source->file);
        struct json_doc doc;
        struct reader reader;
        json_doc_init(&doc);
        reader_init(&reader, source->file, source->directory, e);
        reader.doc = &doc;
        reader.strings = &store->strings;
        reader.secrets = &store->secrets;
        reader.check_files = source->check_files;
        if (source->lookup)
                reader.accounts.lookup = source->lookup;
        struct draft draft = {.reader = &reader,
                              .store = store,
                              .env = source->env,
                              .socket_path = source->socket_path,
                              .host_name = source->host_name,
                              .working_directory = source->working_directory};

        int r = parse_text(source, &doc, text, e);
        if (r == 0)
                r = read_root(&draft);
        free(draft.profiles);
        free(draft.nodes);
        reader_free(&reader);
        json_doc_free(&doc);
        if (r == 0)
                *ret = &store->settings;
        else
                settings_free(&store->settings);
        return r;
}
