// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/profile_table.h"

#include <stdlib.h>

#include "sidecar/config/settings.h"

static struct profile_member *find(const struct profile_table *t, const char *name)
{
        const struct profile *p = t && name ? settings_find(t->settings, name) : NULL;
        return p ? &t->members[p - t->settings->profiles] : NULL;
}

const struct profile *profile_table_origin(const struct profile_member *m)
{
        return m->fault ? m->origin : m->profile;
}

// Goes down both chains of sources, which must be the same all the way. A broken profile counts as what it was: the
// user may be in the middle of an edit, and has not removed it.
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

// Whether the entry's credentials go on with its successor: the profile has moved to another of AWS's endpoints, an
// edit has broken it, or has mended it to what it was.
static bool carries_over(const struct profile_member *m)
{
        const struct profile *was = m->before ? profile_table_origin(m->before) : NULL;
        return was && !m->is_same && is_same_but_endpoint(m->profile, was);
}

static void fill_member(struct profile_member *m)
{
        const struct profile *p = m->profile;
        const struct profile_member *source = m->source;
        m->is_same = m->before && profile_same_identity(m->before->profile, p) && (!source || source->is_same);
        m->fault = p->fault ? p->fault : source ? source->fault : NULL; // its own comes first
        m->fault_hint = p->fault ? p->fault_hint : source ? source->fault_hint : NULL;
        m->is_newly_broken = m->fault && !(m->before && m->before->fault);
        m->carry_over = carries_over(m);
        bool has_mfa = p->type == PROFILE_ASSUME_ROLE && p->role.mfa_serial && !p->fault;
        bool has_login = (p->type == PROFILE_SSO || p->type == PROFILE_LOGIN) && !p->fault;
        m->mfa = has_mfa ? m : source ? source->mfa : NULL;
        m->login = has_login ? m : source ? source->login : NULL;
}

static void fill_row(struct server_profile *row, const struct profile *p)
{
        *row = (struct server_profile){.name = p->name,
                                       .profile = p,
                                       .type = profile_type_name(p->declared_type),
                                       .role_arn = p->role.role_arn,
                                       .region = p->region,
                                       .allow = p->allow,
                                       .allow_count = p->allow_count,
                                       .on_demand = p->on_demand,
                                       .chain = p->chain,
                                       .chain_count = p->chain_count,
                                       .fault = p->fault,
                                       .fault_hint = p->fault_hint,
                                       .sign = p->sign};
}

static struct server_profile *shown_row(const struct profile_table *t, const struct profile_member *m)
{
        const struct profile_member *shown = m->row ? m : find(t, profile_shown_name(m->profile));
        return shown ? shown->row : NULL;
}

// The nearest source that has another name in errors than the profile.
static void link_source(const struct profile_table *t, const struct profile_member *m)
{
        const struct profile_member *source = m->source;
        while (source && shown_row(t, source) == m->row)
                source = source->source;
        m->row->source = source ? shown_row(t, source) : NULL;
}

struct profile_table *profile_table_new(const struct profile_table *now, struct settings *settings)
{
        struct profile_table *t = calloc(1, sizeof(*t));
        if (!t) {
                settings_release(settings);
                return NULL;
        }
        t->settings = settings;
        t->members = calloc(settings->profiles_count + 1, sizeof(*t->members));
        t->rows = calloc(settings->profiles_count + 1, sizeof(*t->rows));
        if (!t->members || !t->rows) {
                profile_table_free(t);
                return NULL;
        }
        t->count = settings->profiles_count;
        for (size_t i = 0; i < t->count; i++) {
                struct profile_member *m = &t->members[i];
                m->profile = &settings->profiles[i];
                m->source = find(t, m->profile->source_profile);
                m->before = find(now, m->profile->name);
                fill_member(m);
        }
        for (size_t i = 0; i < t->count; i++) {
                struct profile_member *m = &t->members[settings->by_name[i]];
                const struct profile *p = &settings->profiles[settings->by_name[i]];
                if (p->is_implied)
                        continue;
                m->row = &t->rows[t->rows_count++];
                fill_row(m->row, p);
        }
        for (size_t i = 0; i < t->count; i++)
                if (t->members[i].row)
                        link_source(t, &t->members[i]);
        return t;
}

void profile_table_free(struct profile_table *t)
{
        if (!t)
                return;
        for (size_t i = 0; i < t->count; i++)
                profile_release(t->members[i].origin);
        free(t->members);
        free(t->rows);
        settings_release(t->settings);
        free(t);
}
