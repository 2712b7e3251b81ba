// SPDX-License-Identifier: Apache-2.0
// Owns the table that the server reads and one reference on the settings behind it.
#include "sidecar/app/roster.h"

#include <stdlib.h>
#include <string.h>

#include "sidecar/app/held_provider.h"
#include "sidecar/config/settings.h"
#include "sidecar/server/server.h"
#include "sidecar/vault/vault.h"

enum { KEY_FILES_RECHECK_S = 60, SECRET_RECHECK_S = 300, PROCESS_RECHECK_S = 3600 };

// One profile of the settings in force, in their order: sources before those that stand on them.
struct member {
        const struct profile *profile;
        struct entry *entry;
        struct provider *provider; // the entry's
        bool is_kept;              // while a table is being built: the entry was there before
};

struct table {
        struct settings_ref *ref;
        struct member *members;
        struct member **by_name; // sorted
        struct server_profile *rows;
        size_t count;
};

struct roster {
        struct roster_deps deps;
        struct table current;
        uint64_t gone_generation; // the highest of profiles that were removed: they may come back
};

struct roster *roster_new(const struct roster_deps *deps)
{
        struct roster *r = calloc(1, sizeof(*r));
        if (r)
                r->deps = *deps;
        return r;
}

static void table_free(struct table *t)
{
        free(t->members);
        free(t->by_name);
        free(t->rows);
        settings_ref_drop(t->ref);
        *t = (struct table){0};
}

static int compare_members(const void *a, const void *b)
{
        return strcmp((*(struct member *const *)a)->profile->name, (*(struct member *const *)b)->profile->name);
}

static struct member *table_find(const struct table *t, const char *name)
{
        size_t low = 0;
        size_t high = t->count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(name, t->by_name[middle]->profile->name);
                if (order == 0)
                        return t->by_name[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

static int table_init(struct table *t, struct settings *settings)
{
        size_t count = settings->profiles_count;
        *t = (struct table){.count = count};
        t->members = calloc(count + 1, sizeof(*t->members));
        t->by_name = calloc(count + 1, sizeof(struct member *));
        t->rows = calloc(count + 1, sizeof(*t->rows));
        t->ref = settings_ref_new(settings);
        if (!t->members || !t->by_name || !t->rows || !t->ref) {
                if (!t->ref)
                        settings_free(settings);
                table_free(t);
                return -1;
        }
        for (size_t i = 0; i < count; i++) {
                t->members[i].profile = &settings->profiles[i];
                t->by_name[i] = &t->members[i];
        }
        qsort(t->by_name, count, sizeof(struct member *), compare_members);
        return 0;
}

// Keys in files are somebody else's to renew, and nothing in them says when that will be.
static bool has_key_files(const struct profile *p)
{
        return p->keys.access_key_id_file || p->keys.secret_access_key_file || p->keys.session_token_file;
}

// What does not end is asked for again now and then, where asking may bring something else. A certain version of a
// secret never changes.
static int64_t recheck_seconds(const struct profile *p)
{
        if (has_key_files(p))
                return KEY_FILES_RECHECK_S;
        if (p->type == PROFILE_PROCESS)
                return PROCESS_RECHECK_S;
        return p->secretsmanager.secret_id && !p->secretsmanager.version_id ? SECRET_RECHECK_S : 0;
}

static struct entry_options options_of(const struct profile *p)
{
        return (struct entry_options){.name = p->name,
                                      .on_demand = p->on_demand,
                                      .refresh_before_seconds = p->refresh_before_seconds,
                                      .upstream = p->fault ? NULL : p->endpoint_url,
                                      .needs_person = p->type == PROFILE_ASSUME_ROLE && p->role.mfa_serial,
                                      .recheck_seconds = recheck_seconds(p)};
}

static int make_entry(struct roster *r, struct table *t, struct member *m, struct error *e)
{
        struct credentials_source source;
        const struct credentials_source *base = NULL;
        if (m->profile->source_profile) {
                source = entry_source(table_find(t, m->profile->source_profile)->entry);
                base = &source;
        }
        struct provider *provider = NULL;
        if (registry_make(&r->deps.providers, m->profile, base, &provider, e) < 0)
                return error_context(e, "profile %s", m->profile->name);
        provider = held_provider_new(provider, t->ref);
        // Clients compare generations: those of another identity under the same name must not look like what they hold.
        const struct member *before = table_find(&r->current, m->profile->name);
        struct entry_options options = options_of(m->profile);
        options.after_generation = before ? entry_generation(before->entry) : r->gone_generation;
        if (provider)
                m->entry = vault_add(r->deps.vault, &options, provider);
        m->provider = provider;
        return m->entry ? 0 : error_set(e, ERROR_INTERNAL, "profile %s: out of memory", m->profile->name);
}

// A chained profile is the same only on the same source entry.
static struct member *same_before(const struct table *old, const struct table *new, const struct member *m)
{
        struct member *before = table_find(old, m->profile->name);
        if (!before || !profile_same_identity(before->profile, m->profile))
                return NULL;
        if (m->profile->source_profile && !table_find(new, m->profile->source_profile)->is_kept)
                return NULL;
        return before;
}

static void retire(const struct table *t, bool (*which)(const struct table *, const struct member *),
                   const struct table *other, const char *why)
{
        struct error reason;
        error_set(&reason, ERROR_CANCELLED, "%s", why);
        for (size_t i = t->count; i-- > 0;) // those that stand on others first
                if (t->members[i].entry && which(other, &t->members[i]))
                        entry_retire(t->members[i].entry, &reason);
}

static bool was_made(const struct table *other, const struct member *m)
{
        (void)other;
        return !m->is_kept;
}

static bool is_gone(const struct table *now, const struct member *m)
{
        const struct member *same = table_find(now, m->profile->name);
        return !same || same->entry != m->entry;
}

static void remember_generations(struct roster *r, const struct table *now)
{
        for (size_t i = 0; i < r->current.count; i++) {
                const struct member *m = &r->current.members[i];
                uint64_t generation = entry_generation(m->entry);
                if (generation > r->gone_generation && !table_find(now, m->profile->name))
                        r->gone_generation = generation;
        }
}

static void fill_row(struct server_profile *row, const struct member *m)
{
        const struct profile *p = m->profile;
        *row = (struct server_profile){.name = p->name,
                                       .type = profile_type_name(p->declared_type),
                                       .role_arn = p->role.role_arn,
                                       .region = p->region,
                                       .entry = m->entry,
                                       .allow = p->allow,
                                       .allow_count = p->allow_count,
                                       .on_demand = p->on_demand,
                                       .chain = p->chain,
                                       .chain_count = p->chain_count,
                                       .fault = p->fault,
                                       .fault_hint = p->fault_hint};
        row->sign.service = p->sign.service;
        row->sign.region = p->sign.region;
        row->sign.hosts = p->sign.hosts;
        row->sign.hosts_count = p->sign.hosts_count;
        row->sign.paths = p->sign.paths;
        row->sign.paths_count = p->sign.paths_count;
}

// The nearest of each kind on the way to where its credentials come from.
static void find_logins(const struct table *t, const struct member *m, struct server_profile *row)
{
        while (m) {
                const struct profile *p = m->profile;
                bool has_mfa = p->type == PROFILE_ASSUME_ROLE && p->role.mfa_serial;
                if (has_mfa && !p->fault && !row->mfa_entry)
                        row->mfa_entry = m->entry;
                if ((p->type == PROFILE_SSO || p->type == PROFILE_LOGIN) && !p->fault && !row->login_entry)
                        row->login_entry = m->entry;
                m = p->source_profile ? table_find(t, p->source_profile) : NULL;
        }
}

int roster_apply(struct roster *r, struct settings *settings, struct error *e)
{
        struct table new;
        if (table_init(&new, settings) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory for the table of profiles");
        for (size_t i = 0; i < new.count; i++) {
                struct member *m = &new.members[i];
                struct member *before = same_before(&r->current, &new, m);
                if (before) {
                        m->entry = before->entry;
                        m->provider = before->provider;
                        m->is_kept = true;
                } else if (make_entry(r, &new, m, e) < 0) {
                        retire(&new, was_made, NULL, "the configuration could not be applied");
                        table_free(&new);
                        return -1;
                }
        }
        size_t rows_count = 0;
        for (size_t i = 0; i < new.count; i++) {
                const struct member *m = new.by_name[i];
                struct entry_options options = options_of(m->profile);
                if (m->is_kept) {
                        held_provider_move(m->provider, m->profile, new.ref);
                        entry_configure(m->entry, &options);
                }
                if (m->profile->is_implied)
                        continue;
                fill_row(&new.rows[rows_count], m);
                find_logins(&new, m, &new.rows[rows_count++]);
        }
        const struct vault_pacing pacing = {.calls_per_second = settings->upstream.calls_per_second,
                                            .burst = settings->upstream.burst,
                                            .concurrency = settings->upstream.concurrency};
        vault_set_pacing(r->deps.vault, &pacing);
        server_set_profiles(r->deps.server, new.rows, rows_count);
        remember_generations(r, &new);
        retire(&r->current, is_gone, &new, "the profile was changed or removed by a reload of the configuration");
        table_free(&r->current);
        r->current = new;
        return 0;
}

void roster_free(struct roster *r)
{
        if (!r)
                return;
        table_free(&r->current);
        free(r);
}
