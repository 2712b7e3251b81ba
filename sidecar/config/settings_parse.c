// SPDX-License-Identifier: Apache-2.0
// Owns the top level of the file.
#include "sidecar/config/settings_parse.h"

#include <stddef.h>

#include "proto/mem/length.h"
#include "sidecar/config/draft.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/included.h"
#include "sidecar/config/listener_read.h"
#include "sidecar/config/upstream_read.h"

static key_read_fn read_region, read_listeners, read_include, read_upstream;

static const struct key_rule rules[] = {
    {"$schema", 0, reader_nothing, .expected = "the address of the schema, a string"},
    {"region", 0, read_region, .is_valid = endpoints_is_region, .expected = "an AWS region such as us-east-1"},
    {.key = "listeners", .read = read_listeners},
    {.key = "upstream", .read = read_upstream},
    {.key = "include", .read = read_include},
    {.key = "profiles", .read = draft_read_profiles},
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

// Read once all else of this file is.
static int read_include(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct draft *d = record;
        (void)r;
        (void)rule;
        d->include = value;
        return 0;
}

static int read_upstream(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct draft *d = record;
        (void)rule;
        return upstream_read(r, value, &d->store->settings.upstream);
}

static int read_root(struct draft *d)
{
        static const struct key_table table = {rules, LENGTH(rules), "the top level's", 0};
        if (reader_object(d->reader, JSON_ROOT, &table, d) < 0)
                return -1;
        if (d->include != JSON_NONE && included_read(d) < 0)
                return -1;
        if (d->count == 0) {
                reader_fail(d->reader, JSON_ROOT, "found no \"profiles\", which the file needs%s",
                            d->include == JSON_NONE ? "" : ", nor any in what it includes");
                return error_hint(d->reader->e, "add \"profiles\": {\"NAME\": {\"type\": \"web_identity\", …}}");
        }
        return draft_finish(d);
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
                              .working_directory = source->working_directory,
                              .main = {source->file, source->directory, &doc},
                              .include = JSON_NONE};
        draft.place = &draft.main;

        int r = reader_parse(&reader, text);
        if (r == 0)
                r = read_root(&draft);
        draft_free(&draft);
        reader_free(&reader);
        json_doc_free(&doc);
        if (r == 0)
                *ret = &store->settings;
        else
                settings_release(&store->settings);
        return r;
}
