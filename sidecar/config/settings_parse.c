// SPDX-License-Identifier: Apache-2.0
// Owns the top level of the file, and the steps from there to settings.
#include "sidecar/config/settings_parse.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

#include "proto/mem/length.h"
#include "sidecar/base/file_trust.h"
#include "sidecar/config/draft.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/files_read.h"
#include "sidecar/config/included.h"
#include "sidecar/config/listener_read.h"
#include "sidecar/config/resolve.h"
#include "sidecar/config/upstream_read.h"
#include "sidecar/config/values.h"

static key_read_fn read_region, read_listeners, read_files, read_include, read_upstream, read_trusted;

#define TRUSTED_MAX 64

static const struct key_rule rules[] = {
    {"$schema", 0, reader_nothing, .expected = "the address of the schema, a string"},
    {"region", 0, read_region, .is_valid = endpoints_is_region, .expected = "an AWS region such as us-east-1"},
    {.key = "listeners", .read = read_listeners},
    {.key = "files", .read = read_files},
    {.key = "upstream", .read = read_upstream},
    {.key = "include", .read = read_include},
    {.key = "trusted_directories", .read = read_trusted},
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

static int read_files(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct draft *d = record;
        (void)rule;
        return files_read_all(r, value, &d->store->settings.files, &d->store->settings.files_count);
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

// Read by read_trusted_first(), as it decides about what the other keys name.
static int read_trusted(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        (void)r;
        (void)value;
        (void)rule;
        (void)record;
        return 0;
}

// Adds the directories to those of the command line.
static int read_trusted_first(struct draft *d)
{
        struct list {
                char **directories;
                size_t count;
        } named = {NULL, 0};
        static const struct key_rule rule = {.offset = offsetof(struct list, directories),
                                             .count_offset = offsetof(struct list, count),
                                             .is_valid = values_is_any,
                                             .expected = "the path of a directory",
                                             .min = 1,
                                             .max = TRUSTED_MAX};
        struct reader *r = d->reader;
        size_t value = JSON_NONE;
        if (json_kind(r->doc, JSON_ROOT) == JSON_OBJECT)
                value = json_get(r->doc, JSON_ROOT, SLICE("trusted_directories"));
        if (value == JSON_NONE)
                return 0;
        if (reader_strings(r, value, &rule, &named) < 0)
                return -1;
        size_t before = r->trust ? r->trust->count : 0;
        size_t count = before;
        const char **all = arena_array(r->strings, before + 2 * named.count, sizeof(*all));
        if (!all)
                return reader_no_memory(r);
        for (size_t i = 0; i < before; i++)
                all[i] = r->trust->directories[i];
        for (size_t i = 0; i < named.count; i++) {
                char *path = NULL, resolved[PATH_MAX];
                if (reader_keep_path(r, slice_str(named.directories[i]), &path) < 0)
                        return -1;
                all[count++] = path;
                if (!realpath(path, resolved)) // one that does not exist yet has no other form
                        continue;
                if (reader_keep(r, slice_str(resolved), &path) < 0)
                        return -1;
                all[count++] = path;
        }
        struct file_trust *trust = arena_array(r->strings, 1, sizeof(*trust));
        if (!trust)
                return reader_no_memory(r);
        *trust = (struct file_trust){all, count};
        if (r->trust)
                r->trust = d->store->settings.trust = trust;
        return 0;
}

static int read_root(struct draft *d, struct included **ret)
{
        static const struct key_table table = {rules, LENGTH(rules), "the top level", NULL, 0};
        if (read_trusted_first(d) < 0)
                return -1;
        if (reader_object(d->reader, JSON_ROOT, &table, d) < 0)
                return -1;
        if (d->include != JSON_NONE && included_read(d, ret) < 0 && reader_go_on(d->reader) < 0)
                return -1;
        d->place = &d->main;
        reader_move(d->reader, d->place);
        if (d->count > 0 || json_get(d->reader->doc, JSON_ROOT, SLICE("profiles")) != JSON_NONE ||
            (d->include != JSON_NONE && reader_faults_count(d->reader) > 0))
                return 0;
        if (d->include != JSON_NONE) {
                reader_fail(d->reader, d->include, "found no file that this matches, and no \"profiles\" in this file");
                return error_hint(d->reader->e, "correct the pattern, or add a file with {\"profiles\": {…}}");
        }
        reader_fail(d->reader, JSON_ROOT, "found no \"profiles\", which the file needs");
        return error_hint(d->reader->e, "add \"profiles\": {\"NAME\": {\"type\": \"web_identity\", …}}");
}

// Without a configuration file, what AWS tools would use is the profile `default`.
static int add_default(struct draft *d)
{
        struct profile *p = draft_add(d, (struct origin){.place = &d->main, .node = JSON_NONE});
        if (!p)
                return -1;
        p->type = p->declared_type = PROFILE_DEFAULT_CHAIN;
        return reader_keep(d->reader, SLICE("default"), &p->name);
}

static int check_uses(struct draft *d)
{
        const struct settings *s = &d->store->settings;
        d->place = &d->main;
        reader_move(d->reader, d->place);
        if (listener_check_profiles(d->reader, s->listeners, s->listeners_count, d->profiles, d->count) < 0)
                return -1;
        return files_check(d->reader, s, d->profiles, d->count);
}

static int read_all(struct draft *d, const struct slice *text, struct included **ret)
{
        if (text ? reader_parse(d->reader, *text) < 0 || (read_root(d, ret) < 0 && reader_go_on(d->reader) < 0)
                 : add_default(d) < 0)
                return -1;
        if (resolve_profiles(d) < 0 && reader_go_on(d->reader) < 0)
                return -1;
        if (text && check_uses(d) < 0)
                return -1;
        return d->count > 0 ? draft_finish(d) : 0;
}

// What was found on the way ends the loading: the first of the faults is the error.
static int judge(int r, struct faults *faults, struct error *e)
{
        if (r < 0 && e->kind == ERROR_CONFIG && faults)
                faults_add(faults, e);
        if ((r < 0 && e->kind != ERROR_CONFIG) || !faults || faults->count == 0)
                return r;
        (void)error_set(e, ERROR_CONFIG, "%s", faults->list[0].message);
        return error_hint(e, "%s", faults->list[0].hint);
}

// `text` is NULL where there is no file.
static int load(const struct settings_source *source, const struct reader_place *place, const struct slice *text,
                struct settings **ret, struct error *e)
{
        struct settings_store *store = calloc(1, sizeof(*store));
        struct included *included = NULL;
        struct faults faults = {.count = 0};
        if (!store)
                return error_set(e, ERROR_INTERNAL, "%s: out of memory", place->file);
        store->settings.references = 1;
        store->settings.trust = source->trust;
        arena_init(&store->strings, false);
        arena_init(&store->secrets, true);
        struct reader reader = {.working_directory = source->working_directory,
                                .host_name = source->host_name,
                                .env = source->env,
                                .strings = &store->strings,
                                .secrets = &store->secrets,
                                .accounts.lookup = source->lookup,
                                .check_files = source->check_files,
                                .faults = !text            ? NULL
                                          : source->faults ? source->faults
                                                           : &faults,
                                .trust = source->trust,
                                .warnings = &store->settings.warnings,
                                .e = e};
        reader_init(&reader);
        reader_move(&reader, place);
        struct draft draft = {.reader = &reader,
                              .store = store,
                              .socket_path = source->socket_path,
                              .main = *place,
                              .include = JSON_NONE,
                              .is_zero = !text};
        draft.place = &draft.main;

        int r = judge(read_all(&draft, text, &included), reader.faults, e);
        if (r == 0 && text)
                r = reader_keep(&reader, slice_str(place->file), &store->settings.path);
        draft_free(&draft);
        included_free(included);
        reader_free(&reader);
        if (r == 0)
                *ret = &store->settings;
        else
                settings_release(&store->settings);
        return r;
}

int settings_parse(const struct settings_source *source, struct slice text, struct settings **ret, struct error *e)
{
        struct json_doc doc;
        json_doc_init(&doc);
        const struct reader_place place = {source->file, source->directory, &doc, NULL};
        int r = load(source, &place, &text, ret, e);
        json_doc_free(&doc);
        return r;
}

int settings_zero(const struct settings_source *source, struct settings **ret, struct error *e)
{
        const struct reader_place place = {"environment", source->working_directory, NULL, NULL};
        return load(source, &place, NULL, ret, e);
}
