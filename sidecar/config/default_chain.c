// SPDX-License-Identifier: Apache-2.0
// The order is botocore's. Where our configuration names the AWS profile, the variables that hold credentials do not
// count, as in botocore and the SDK for Go.
#include "sidecar/config/default_chain.h"

#include "proto/mem/length.h"
#include "sidecar/base/env.h"
#include "sidecar/config/env_source.h"
#include "sidecar/config/shared_profile.h"

#define LINKS_TEXT ((size_t)2048)

struct search {
        struct resolution *r;
        struct shared_walk walk;
        const char *name;            // of the AWS profile
        const struct aws_section *s; // NULL: there is none
        bool is_named;               // by our configuration
        bool has_role;               // AWS_ROLE_ARN and AWS_EXTERNAL_ID: a role on what the chain finds
};

const char *default_chain_profile(const struct resolution *r, const char **ret_variable)
{
        static const char *const variables[] = {"AWS_DEFAULT_PROFILE", "AWS_PROFILE"};
        for (size_t i = 0; i < LENGTH(variables); i++) {
                *ret_variable = variables[i];
                const char *name = env_get(r->reader->env, variables[i]);
                if (name)
                        return name;
        }
        *ret_variable = NULL;
        return "default";
}

static int try_environment(struct search *q, struct profile *p)
{
        static const char name[] = "environment";
        if (q->is_named)
                return resolution_link(q->r, name, "ignored, the configuration names profile %s", q->name);
        int taken = env_source_keys(q->r, p);
        if (taken < 0)
                return -1;
        if (taken == 0)
                return resolution_link(q->r, name, "AWS_ACCESS_KEY_ID is not set");
        return resolution_link(q->r, name, "AWS_ACCESS_KEY_ID") < 0 ? -1 : 1;
}

// Why there is nothing of the profile in this file: its name, and what of it is missing.
static int pass_file(struct search *q, const char *name, const struct shared_file *file, const char *what)
{
        if (!file->path)
                return resolution_link(q->r, name, "%s; HOME is not set", what);
        if (!file->is_there)
                return resolution_link(q->r, name, "%s; %s%s%s does not exist", what,
                                       file->variable ? file->variable : "", file->variable ? " " : "", file->path);
        return resolution_link(q->r, name, "%s", what);
}

static int pass_shared(struct search *q, enum shared_link link, const char *name)
{
        const struct shared_file *files = q->r->files.files;
        const char *key = shared_link_key(link);
        char *what = NULL;
        const char *kind = link == SHARED_CREDENTIALS_FILE ? " in the credentials file"
                           : link == SHARED_CONFIG_FILE    ? " in the config file"
                                                           : "";
        const struct shared_file *file =
            &files[link == SHARED_CREDENTIALS_FILE ? AWS_FILE_CREDENTIALS : AWS_FILE_CONFIG];
        if (reader_keep_print(q->r->reader, &what, "no %s%s", key, kind) < 0)
                return -1;
        return pass_file(q, name, file, what);
}

static int pass_web_identity(struct search *q)
{
        bool has_lone_role = !q->is_named && !q->has_role && env_get(q->r->reader->env, "AWS_ROLE_ARN");
        return resolution_link(q->r, shared_link_name(SHARED_WEB_IDENTITY), "%s, no web_identity_token_file%s",
                               q->is_named ? "variables are ignored" : "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
                               has_lone_role ? "; AWS_ROLE_ARN alone is not used" : "");
}

static int try_shared(struct search *q, enum shared_link link, struct profile *p)
{
        struct resolution *r = q->r;
        int result = shared_profile_try(&q->walk, link, q->s, p);
        if (result < 0)
                return -1;
        bool is_by_env =
            link == SHARED_WEB_IDENTITY && q->walk.takes_env && env_get(r->reader->env, "AWS_WEB_IDENTITY_TOKEN_FILE");
        if (result == 0)
                return link == SHARED_WEB_IDENTITY ? pass_web_identity(q)
                                                   : pass_shared(q, link, shared_link_name(link));
        if (is_by_env)
                return resolution_link(r, shared_link_name(link), "AWS_WEB_IDENTITY_TOKEN_FILE, %s",
                                       env_get(r->reader->env, "AWS_ROLE_ARN") ? "AWS_ROLE_ARN"
                                                                               : "role_arn of the profile") < 0
                           ? -1
                           : 1;
        return shared_profile_report(r, link, q->s, p) < 0 ? -1 : 1;
}

static int try_container(struct search *q, struct profile *p)
{
        static const char relative[] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
        static const char full[] = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
        const char *variable =
            env_get(q->r->reader->env, relative) ? relative : (env_get(q->r->reader->env, full) ? full : NULL);
        if (!variable)
                return resolution_link(q->r, "container", "AWS_CONTAINER_CREDENTIALS_{RELATIVE,FULL}_URI are not set");
        p->type = PROFILE_CONTAINER;
        if (shared_common_apply(q->r, q->walk.common, p) < 0)
                return -1;
        return resolution_link(q->r, "container", "%s", variable) < 0 ? -1 : 1;
}

static int try_imds(struct search *q, struct profile *p)
{
        const char *disabled = env_get(q->r->reader->env, "AWS_EC2_METADATA_DISABLED");
        if (disabled && slice_eq_ignore_case(slice_str(disabled), SLICE("true")))
                return resolution_link(q->r, "imds", "AWS_EC2_METADATA_DISABLED is true");
        p->type = PROFILE_IMDS;
        if (shared_common_apply(q->r, q->walk.common, p) < 0)
                return -1;
        return resolution_link(q->r, "imds", "nothing else is configured") < 0 ? -1 : 1;
}

static int refuse_empty(const struct resolution *r)
{
        struct buffer text;
        buffer_init(&text, LINKS_TEXT);
        for (size_t i = 0; i < r->links_count; i++)
                (void)buffer_printf(&text, "%s%s: %s", i ? "; " : "", r->links[i].name, r->links[i].outcome);
        const char *links = buffer_c_str(&text);
        error_set(r->reader->e, ERROR_CONFIG, "found no AWS credentials (%s)", links ? links : "…");
        buffer_free(&text);
        (void)error_hint(r->reader->e, "set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or AWS_ACCESS_KEY_ID and "
                                       "AWS_SECRET_ACCESS_KEY; or write ~/.aws/config, or /etc/keyfob/config.json");
        return shared_hint_odd(r, ""); // the first of them, which may be what is missing
}

// 1: a link applies, 0: none does.
static int find(struct search *q, struct profile *p)
{
        int result = try_environment(q, p);
        if (result != 0)
                return result;
        if (!q->s && resolution_link(q->r, "profile", "there is no profile %s", q->name) < 0)
                return -1;
        for (unsigned link = 0; link < SHARED_LINK_COUNT; link++) {
                if (!q->s && link != SHARED_WEB_IDENTITY && link != SHARED_CREDENTIALS_FILE &&
                    link != SHARED_CONFIG_FILE)
                        continue;
                result = try_shared(q, (enum shared_link)link, p);
                if (result != 0)
                        return result;
        }
        result = try_container(q, p);
        return result != 0 ? result : try_imds(q, p);
}

// A role that the environment names with an external ID, on whatever the rest of the chain finds.
static int find_below_role(struct search *q, struct profile *p)
{
        struct resolution *r = q->r;
        struct profile base = {.region = p->region};
        int result = find(q, &base);
        if (result <= 0)
                return result;
        p->type = PROFILE_ASSUME_ROLE;
        if (env_source_keep(r, ENV_ROLE_ARN, &p->role.role_arn) < 0 ||
            env_source_keep(r, ENV_EXTERNAL_ID, &p->role.external_id) < 0 ||
            env_source_keep(r, ENV_ROLE_SESSION_NAME, &p->role.role_session_name) < 0 ||
            reader_keep_print(r->reader, &base.name, "%s/base", p->name) < 0)
                return -1;
        p->source_profile = base.name;
        if (shared_common_apply(r, q->walk.common, p) < 0 || resolution_add(r, &base) < 0)
                return -1;
        return resolution_link(r, "environment: assume_role", "AWS_ROLE_ARN with AWS_EXTERNAL_ID, on %s",
                               r->links[r->links_count - 1].name) < 0
                   ? -1
                   : 1;
}

static int look_for_role(struct search *q)
{
        const char *role, *external_id;
        if (q->is_named)
                return 0;
        bool is_asked_for =
            env_get(q->r->reader->env, "AWS_EXTERNAL_ID") && !env_get(q->r->reader->env, "AWS_WEB_IDENTITY_TOKEN_FILE");
        if (is_asked_for &&
            (env_source_get(q->r, ENV_EXTERNAL_ID, &external_id) < 0 || env_source_get(q->r, ENV_ROLE_ARN, &role) < 0))
                return -1;
        if (is_asked_for && !role)
                return env_source_refuse_missing(q->r, "AWS_EXTERNAL_ID", "AWS_ROLE_ARN");
        q->has_role = is_asked_for;
        q->walk.takes_env = !q->has_role;
        return 0;
}

int default_chain_resolve(struct resolution *r, struct profile *p, bool *ret_is_empty)
{
        struct shared_common common;
        const char *variable = NULL;
        struct search q = {.r = r, .is_named = p->shared_profile};
        *ret_is_empty = false;
        q.name = p->shared_profile ? p->shared_profile : default_chain_profile(r, &variable);
        q.s = shared_files_find(&r->files, AWS_SECTION_PROFILE, q.name);
        if (!q.s && (q.is_named || variable || shared_is_odd(r, q.name))) // never on to another identity
                return shared_fail_unknown(r, variable, q.name);
        if (shared_common_read(r, q.s, p, &common) < 0)
                return -1;
        q.walk = (struct shared_walk){.r = r, .common = &common, .names = {q.name}, .depth = 1};
        if (look_for_role(&q) < 0)
                return -1;
        int result = q.has_role ? find_below_role(&q, p) : find(&q, p);
        if (result < 0)
                return -1;
        if (result == 0) {
                *ret_is_empty = true;
                return refuse_empty(r);
        }
        return shared_common_apply(r, &common, p) < 0 ? -1 : resolution_keep_links(r, p);
}
