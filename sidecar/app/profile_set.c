// SPDX-License-Identifier: Apache-2.0
// Owns the table that the server reads.
#include "sidecar/app/profile_set.h"

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
        uint64_t gone_generation; // the highest of removed profiles, which may come back
};

struct profile_set *profile_set_new(const struct profile_set_deps *deps)
{
        struct profile_set *set = calloc(1, sizeof(*set));
        if (set)
                set->deps = *deps;
        return set;
}

struct profile_table *profile_set_now(const struct profile_set *set)
{
        return set->current;
}

// What does not expire is fetched again from time to time where that may bring something else: keys in files, the
// output of a command, a secret. A fixed version of a secret never changes.
static int64_t recheck_seconds(const struct profile *p)
{
        if (p->keys.access_key_id_file || p->keys.secret_access_key_file || p->keys.session_token_file)
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

// A broken profile does not keep credentials that never expire: it may stay broken for ever, and they could not be
// revoked.
static const struct entry *carry_over_of(const struct profile_member *m)
{
        struct entry_status status;
        if (!m->before || !m->carry_over)
                return NULL;
        entry_status(m->before->entry, &status);
        return m->fault && status.expires_s == CREDENTIALS_NEVER_EXPIRE ? NULL : m->before->entry;
}

static int make_entry(struct profile_set *set, struct profile_member *m, struct error *e)
{
        struct credentials_source source;
        const struct credentials_source *base = NULL;
        if (m->source) {
                source = entry_source(m->source->entry);
                base = &source;
        }
        struct provider *provider = NULL;
        if (registry_make(&set->deps.providers, m->profile, base, &provider, e) < 0)
                return error_context(e, "profile %s", profile_shown_name(m->profile));
        // Clients compare generations: those of another identity under the same name must not look like what they hold.
        struct entry_options options = options_of(m->profile);
        options.after_generation = m->before ? entry_generation(m->before->entry) : set->gone_generation;
        options.carry_over = carry_over_of(m);
        m->entry = vault_add(set->deps.vault, &options, provider);
        m->provider = provider;
        return m->entry ? 0 : error_set(e, ERROR_INTERNAL, "profile %s: out of memory", profile_shown_name(m->profile));
}

// Of a table that was in force, or of one that could not be applied.
static void retire_the_rest(const struct profile_table *t, bool was_in_force, const char *why)
{
        struct error reason;
        error_set(&reason, ERROR_CANCELLED, "%s", why);
        for (size_t i = t->count; i-- > 0;) { // sources last
                const struct profile_member *m = &t->members[i];
                bool stays = was_in_force ? m->after && m->after->is_same : m->is_same;
                if (m->entry && !stays)
                        entry_retire(m->entry, &reason);
        }
}

static int give_entries(struct profile_set *set, struct profile_table *t, struct error *e)
{
        for (size_t i = 0; i < t->count; i++) {
                struct profile_member *m = &t->members[i];
                if (m->is_same) {
                        m->entry = m->before->entry;
                        m->provider = m->before->provider;
                } else if (make_entry(set, m, e) < 0) {
                        retire_the_rest(t, false, "the configuration could not be applied");
                        return -1;
                }
        }
        return 0;
}

static void take_over(struct profile_member *m)
{
        if (m->before)
                m->before->after = m;
        if (m->is_same) {
                struct entry_options options = options_of(m->profile);
                provider_set_profile(m->provider, m->profile);
                entry_configure(m->entry, &options);
        }
        if (m->fault && m->before && entry_has_carry_over(m->entry)) {
                m->origin = profile_table_origin(m->before);
                profile_hold(m->origin);
        }
        if (!m->row)
                return;
        m->row->entry = m->entry;
        m->row->mfa_entry = m->mfa ? m->mfa->entry : NULL;
        m->row->login_entry = m->login ? m->login->entry : NULL;
}

static void remember_generations(struct profile_set *set)
{
        for (size_t i = 0; i < set->current->count; i++) {
                const struct profile_member *m = &set->current->members[i];
                uint64_t generation = m->after ? 0 : entry_generation(m->entry);
                if (generation > set->gone_generation)
                        set->gone_generation = generation;
        }
}

int profile_set_apply(struct profile_set *set, struct profile_table *table, struct profile_table **ret_before,
                      struct error *e)
{
        if (give_entries(set, table, e) < 0)
                return -1;
        for (size_t i = 0; i < table->count; i++)
                take_over(&table->members[i]);
        const struct upstream_settings *upstream = &table->settings->upstream;
        const struct vault_pacing pacing = {.calls_per_second = upstream->calls_per_second,
                                            .burst = upstream->burst,
                                            .concurrency = upstream->concurrency};
        vault_set_pacing(set->deps.vault, &pacing);
        server_set_profiles(set->deps.server, table->rows, table->rows_count);
        if (set->current) {
                server_publish(set->deps.server, &(struct server_event){.kind = EVENT_CONFIG_RELOADED});
                remember_generations(set);
                retire_the_rest(set->current, true, "a reload of the configuration changed or removed the profile");
        }
        *ret_before = set->current;
        set->current = table;
        return 0;
}

void profile_set_free(struct profile_set *set)
{
        if (!set)
                return;
        profile_table_free(set->current);
        free(set);
}
