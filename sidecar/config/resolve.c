// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/resolve.h"

#include "proto/wire/api.h"
#include "sidecar/config/default_chain.h"
#include "sidecar/config/shared_profile.h"

static bool needs_files(const struct draft *d, const struct profile *p)
{
        return p->type == PROFILE_SHARED_CONFIG || p->type == PROFILE_DEFAULT_CHAIN || d->is_zero ||
               (p->type == PROFILE_SSO && p->sso.session && !(p->sso.start_url && p->sso.region));
}

// ---- one profile ----

static int resolve_shared(struct resolution *r, struct profile *p)
{
        struct shared_common common;
        enum shared_link link = SHARED_LINK_COUNT;
        const char *variable = NULL;
        const char *name = p->shared_profile ? p->shared_profile : default_chain_profile(r, &variable);
        const struct aws_section *s = shared_files_find(&r->files, AWS_SECTION_PROFILE, name);
        if (!s)
                return shared_fail_unknown(r, variable, name);
        if (shared_common_read(r, s, p, &common) < 0)
                return -1;
        struct shared_walk walk = {.r = r, .common = &common, .names = {s->name}, .depth = 1};
        if (shared_profile_resolve(&walk, s, p, &link) < 0 || shared_profile_report(r, link, s, p) < 0)
                return -1;
        return resolution_keep_links(r, p);
}

static int resolve_session(struct resolution *r, struct profile *p)
{
        const struct aws_section *session = shared_files_find(&r->files, AWS_SECTION_SSO_SESSION, p->sso.session);
        const char *config = r->files.files[AWS_FILE_CONFIG].path;
        if (session)
                return shared_profile_use_session(r, session, p);
        if (p->sso.region) // enough to use a cached token; a login reports that it needs the start URL
                return 0;
        error_set(r->reader->e, ERROR_CONFIG, "sso_session: found \"%.80s\", expected an [sso-session] section of %s",
                  p->sso.session, config ? config : "~/.aws/config");
        return error_hint(r->reader->e,
                          "add the section there, or \"sso_start_url\" and \"sso_region\" to the profile");
}

static int resolve_one(struct resolution *r, struct profile *p, bool *ret_is_empty)
{
        *ret_is_empty = false;
        r->links_count = 0;
        r->on_demand = p->on_demand;
        switch (p->type) {
        case PROFILE_SHARED_CONFIG:
                return resolve_shared(r, p);
        case PROFILE_DEFAULT_CHAIN:
                return default_chain_resolve(r, p, ret_is_empty);
        case PROFILE_ASSUME_ROLE:
                return p->credential_source ? shared_profile_use_source(r, NULL, p) : 0;
        case PROFILE_SSO:
                return p->sso.session && !(p->sso.start_url && p->sso.region) ? resolve_session(r, p) : 0;
        default:
                return 0;
        }
}

// Says which profile of our configuration it is about.
static int refuse(struct draft *d, size_t node)
{
        struct reader *r = d->reader;
        const struct error cause = *r->e;
        if (cause.kind != ERROR_CONFIG || !r->doc)
                return -1;
        reader_fail(r, node, "%s", cause.message);
        return error_hint(r->e, "%s", cause.hint);
}

// ---- all of them ----

static int add_shared(struct draft *d, const struct resolution *r)
{
        const struct aws_ini *ini = &r->files.ini;
        for (size_t i = 0; i < ini->count; i++) {
                const struct aws_section *s = &ini->sections[i];
                bool is_profile = s->kind == AWS_SECTION_PROFILE || resolution_is_forgotten(r, s); // that with a fault
                if (!is_profile || strcmp(s->name, "default") == 0 || !api_is_profile_name(slice_str(s->name)))
                        continue;
                struct profile *p = draft_add(d, (struct origin){.place = &d->main, .node = JSON_NONE});
                if (!p || reader_keep(d->reader, slice_str(s->name), &p->name) < 0)
                        return -1;
                p->type = p->declared_type = PROFILE_SHARED_CONFIG;
                p->on_demand = true;
                p->shared_profile = p->name;
        }
        return 0;
}

static int watch(struct draft *d, const struct resolution *r)
{
        struct settings *s = &d->store->settings;
        s->watched = arena_array(&d->store->strings, AWS_FILE_COUNT, sizeof(*s->watched));
        if (!s->watched)
                return reader_no_memory(d->reader);
        for (unsigned i = 0; i < AWS_FILE_COUNT; i++)
                if (r->files.files[i].path && !r->files.files[i].is_device) // which is written to all the time
                        s->watched[s->watched_count++] = r->files.files[i].path;
        return 0;
}

static int resolve_all(struct draft *d, struct resolution *r)
{
        bool needed = d->is_zero;
        for (size_t i = 0; i < d->count && !needed; i++)
                needed = needs_files(d, &d->profiles[i]);
        if (needed && (resolution_need_files(r) < 0 || watch(d, r) < 0))
                return -1;
        if (d->is_zero && add_shared(d, r) < 0)
                return -1;
        d->keeps_faults = d->is_zero && d->count > 1;
        size_t count = d->count; // implied profiles follow
        for (size_t i = 0; i < count; i++) {
                struct profile p = d->profiles[i];
                bool is_empty;
                if (d->origins[i].is_bad)
                        continue;
                r->owner = i;
                if (resolve_one(r, &p, &is_empty) == 0) {
                        // On a laptop with profiles the chain ends here as well, and there is no metadata service.
                        if (d->keeps_faults && p.declared_type == PROFILE_DEFAULT_CHAIN && p.type == PROFILE_IMDS)
                                p.on_demand = true;
                } else {
                        if (!d->keeps_faults) {
                                (void)refuse(d, draft_turn_to(d, i));
                                if (draft_go_on(d, i) < 0)
                                        return -1;
                                continue;
                        }
                        p.on_demand |= is_empty; // it may not be needed
                        if (draft_keep_fault(d, &p) < 0)
                                return -1;
                }
                d->profiles[i] = p;
        }
        return 0;
}

int resolve_profiles(struct draft *d)
{
        struct resolution r = {.draft = d, .reader = d->reader};
        int result = resolve_all(d, &r);
        resolution_free(&r);
        return result;
}
