// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/profile_table.h"

#include <stdlib.h>
#include <string.h>

#include "sidecar/config/settings.h"

static int compare_members(const void *a, const void *b)
{
        return strcmp((*(struct profile_set_member *const *)a)->profile->name,
                      (*(struct profile_set_member *const *)b)->profile->name);
}

static struct profile_set_member *find(const struct profile_table *t, const char *name)
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

static int allocate(struct profile_table *t, struct settings *settings)
{
        size_t room = settings->profiles_count + 1;
        t->members = calloc(room, sizeof(*t->members));
        t->by_name = calloc(room, sizeof(struct profile_set_member *));
        t->rows = calloc(room, sizeof(*t->rows));
        t->settings = settings;
        return t->members && t->by_name && t->rows ? 0 : -1;
}

static void sort(struct profile_table *t, const struct settings *settings)
{
        t->count = settings->profiles_count;
        for (size_t i = 0; i < t->count; i++) {
                t->members[i].profile = &settings->profiles[i];
                t->by_name[i] = &t->members[i];
        }
        qsort(t->by_name, t->count, sizeof(struct profile_set_member *), compare_members);
}

// Both tables are sorted: one walk along both.
static void find_before(struct profile_table *t, struct profile_table *now)
{
        size_t j = 0;
        for (size_t i = 0; now && i < t->count; i++) {
                int order = 1;
                while (j < now->count && (order = compare_members(&t->by_name[i], &now->by_name[j])) > 0)
                        j++;
                if (order == 0)
                        t->by_name[i]->before = now->by_name[j];
        }
}

// A chained profile is the same only on the same source.
static bool is_same(const struct profile_set_member *m)
{
        return m->before && profile_same_identity(m->before->profile, m->profile) && (!m->source || m->source->is_same);
}

// Its own fault comes first.
static void find_fault(struct profile_set_member *m)
{
        const struct profile *p = m->profile;
        m->fault = p->fault ? p->fault : m->source ? m->source->fault : NULL;
        m->fault_hint = p->fault ? p->fault_hint : m->source ? m->source->fault_hint : NULL;
        m->is_newly_broken = m->fault && !(m->before && m->before->fault);
}

const struct profile *profile_table_origin(const struct profile_set_member *m)
{
        return m->fault ? m->origin : m->profile;
}

// Walks down from a profile and from what it was. The same is the same all the way. What is broken is taken for what it
// was: nobody can say what it is going to be, and to break it is not to take it away.
static bool is_same_but_endpoint(const struct profile *p, const struct profile *q)
{
        while (p && q && !p->fault) {
                if (!profile_same_but_endpoint(p, q))
                        return false;
                if (!p->source_profile || !q->source_profile)
                        return p->source_profile == q->source_profile;
                p = settings_find(p->settings, p->source_profile);
                q = settings_find(q->settings, q->source_profile);
        }
        return p && q;
}

// A broken profile serves what it had before; when it is mended, that is still good if it has become what it was then.
static bool inherits(const struct profile_set_member *m)
{
        if (m->is_same || !m->before)
                return false;
        const struct profile *was = profile_table_origin(m->before);
        return was && is_same_but_endpoint(m->profile, was);
}

static void find_logins(struct profile_set_member *m)
{
        const struct profile *p = m->profile;
        bool has_mfa = p->type == PROFILE_ASSUME_ROLE && p->role.mfa_serial;
        m->mfa = m->source ? m->source->mfa : NULL;
        m->login = m->source ? m->source->login : NULL;
        if (has_mfa && !p->fault)
                m->mfa = m;
        if ((p->type == PROFILE_SSO || p->type == PROFILE_LOGIN) && !p->fault)
                m->login = m;
}

static void fill_row(struct server_profile *row, const struct profile *p)
{
        *row = (struct server_profile){.name = p->name,
                                       .type = profile_type_name(p->declared_type),
                                       .role_arn = p->role.role_arn,
                                       .region = p->region,
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

static void fill_rows(struct profile_table *t)
{
        for (size_t i = 0; i < t->count; i++) {
                struct profile_set_member *m = t->by_name[i];
                if (m->profile->is_implied)
                        continue;
                m->row = &t->rows[t->rows_count++];
                fill_row(m->row, m->profile);
        }
}

struct profile_table *profile_table_new(struct profile_table *now, struct settings *settings)
{
        struct profile_table *t = calloc(1, sizeof(*t));
        if (!t) {
                settings_release(settings);
                return NULL;
        }
        if (allocate(t, settings) < 0) {
                profile_table_free(t);
                return NULL;
        }
        t->now = now;
        sort(t, settings);
        find_before(t, now);
        for (size_t i = 0; i < t->count; i++) {
                struct profile_set_member *m = &t->members[i];
                const char *source = m->profile->source_profile;
                m->source = source ? find(t, source) : NULL; // which the settings' check knows to be there
                m->is_same = is_same(m);
                find_fault(m);
                m->carry_over = inherits(m);
                find_logins(m);
        }
        fill_rows(t);
        return t;
}

void profile_table_free(struct profile_table *t)
{
        if (!t)
                return;
        for (size_t i = 0; t->members && i < t->count; i++)
                profile_release(t->members[i].origin);
        free(t->members);
        free(t->by_name);
        free(t->rows);
        settings_release(t->settings);
        free(t);
}
