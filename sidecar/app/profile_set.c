// SPDX-License-Identifier: Apache-2.0
// Owns the table that the server reads and one reference on the settings behind it.
#include "sidecar/app/profile_set.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/wire/credentials.h"
#include "sidecar/app/profile_table.h"
#include "sidecar/config/settings.h"
#include "sidecar/server/server.h"
#include "sidecar/vault/vault.h"

enum { KEY_FILES_RECHECK_S = 60, SECRET_RECHECK_S = 300, PROCESS_RECHECK_S = 3600 };

struct profile_set {
        struct profile_set_deps deps;
        struct profile_table *current;
        uint64_t gone_generation; // the highest of profiles that were removed: they may come back
};

struct profile_set *profile_set_new(const struct profile_set_deps *deps)
{
        struct profile_set *r = calloc(1, sizeof(*r));
        if (r)
                r->deps = *deps;
        return r;
}

struct profile_table *profile_set_now(const struct profile_set *r)
{
        return r->current;
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
                                      .shown_name = p->stands_for,
                                      .on_demand = p->on_demand,
                                      .refresh_before_seconds = p->refresh_before_seconds,
                                      .upstream = p->fault ? NULL : p->endpoint_url,
                                      .needs_interaction = p->type == PROFILE_ASSUME_ROLE && p->role.mfa_serial,
                                      .recheck_seconds = recheck_seconds(p)};
}

// What does not end is not kept by a broken profile, which may stay broken for ever: nobody could take it back.
static const struct entry *carry_over_of(const struct profile_set_member *m)
{
        struct entry_status status;
        if (!m->before || !m->carry_over)
                return NULL;
        entry_status(m->before->entry, &status);
        return m->fault && status.expires_s == CREDENTIALS_NEVER_EXPIRE ? NULL : m->before->entry;
}

static int make_entry(struct profile_set *r, struct profile_set_member *m, struct error *e)
{
        struct credentials_source source;
        const struct credentials_source *base = NULL;
        if (m->source) {
                source = entry_source(m->source->entry);
                base = &source;
        }
        struct provider *provider = NULL;
        if (registry_make(&r->deps.providers, m->profile, base, &provider, e) < 0)
                return error_context(e, "profile %s", profile_shown_name(m->profile));
        // Clients compare generations: those of another identity under the same name must not look like what they hold.
        struct entry_options options = options_of(m->profile);
        options.after_generation = m->before ? entry_generation(m->before->entry) : r->gone_generation;
        options.carry_over = carry_over_of(m);
        m->entry = vault_add(r->deps.vault, &options, provider);
        m->provider = provider;
        return m->entry ? 0 : error_set(e, ERROR_INTERNAL, "profile %s: out of memory", profile_shown_name(m->profile));
}

static void retire(const struct profile_table *t, bool (*which)(const struct profile_set_member *), const char *why)
{
        struct error reason;
        error_set(&reason, ERROR_CANCELLED, "%s", why);
        for (size_t i = t->count; i-- > 0;) // those that stand on others first
                if (t->members[i].entry && which(&t->members[i]))
                        entry_retire(t->members[i].entry, &reason);
}

static bool was_made(const struct profile_set_member *m)
{
        return !m->is_same;
}

static bool is_gone(const struct profile_set_member *m)
{
        return !m->is_taken;
}

static int give_entries(struct profile_set *r, struct profile_table *t, struct error *e)
{
        for (size_t i = 0; i < t->count; i++) {
                struct profile_set_member *m = &t->members[i];
                if (m->is_same) {
                        m->entry = m->before->entry;
                        m->provider = m->before->provider;
                } else if (make_entry(r, m, e) < 0) {
                        retire(t, was_made, "the configuration could not be applied");
                        return -1;
                }
        }
        return 0;
}

static void keep_origin(struct profile_set_member *m)
{
        if (!m->fault || !m->before || !entry_has_carry_over(m->entry))
                return;
        m->origin = profile_table_origin(m->before);
        profile_hold(m->origin);
}

static void move_to(struct profile_set_member *m)
{
        if (m->before)
                m->before->has_successor = true;
        if (m->is_same) {
                struct entry_options options = options_of(m->profile);
                m->before->is_taken = true;
                provider_set_profile(m->provider, m->profile);
                entry_configure(m->entry, &options);
        }
        keep_origin(m);
        if (!m->row)
                return;
        m->row->entry = m->entry;
        m->row->mfa_entry = m->mfa ? m->mfa->entry : NULL;
        m->row->login_entry = m->login ? m->login->entry : NULL;
}

static void remember_generations(struct profile_set *r)
{
        for (size_t i = 0; i < r->current->count; i++) {
                const struct profile_set_member *m = &r->current->members[i];
                uint64_t generation = m->has_successor ? 0 : entry_generation(m->entry);
                if (generation > r->gone_generation)
                        r->gone_generation = generation;
        }
}

int profile_set_apply(struct profile_set *r, struct profile_table *table, struct profile_table **ret_before,
                      struct error *e)
{
        assert(table->now == r->current);
        if (give_entries(r, table, e) < 0)
                return -1;
        for (size_t i = 0; i < table->count; i++)
                move_to(&table->members[i]);
        const struct upstream_settings *upstream = &table->settings->upstream;
        const struct vault_pacing pacing = {.calls_per_second = upstream->calls_per_second,
                                            .burst = upstream->burst,
                                            .concurrency = upstream->concurrency};
        vault_set_pacing(r->deps.vault, &pacing);
        server_set_profiles(r->deps.server, table->rows, table->rows_count);
        if (r->current) {
                remember_generations(r);
                retire(r->current, is_gone, "the profile was changed or removed by a reload of the configuration");
        }
        *ret_before = r->current;
        r->current = table;
        return 0;
}

void profile_set_free(struct profile_set *r)
{
        if (!r)
                return;
        profile_table_free(r->current);
        free(r);
}
