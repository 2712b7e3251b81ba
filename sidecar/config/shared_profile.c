// SPDX-License-Identifier: Apache-2.0
// Goes down a chain of AWS profiles. Each source becomes an implied profile, named by its AWS profile and a hash of the
// settings that apply to it, so that all profiles that need the same share it.
#include "sidecar/config/shared_profile.h"

#include "sidecar/config/env_source.h"
#include "sidecar/config/values.h"

#define DURATION_MIN_S 900
#define DURATION_MAX_S 43200
#define CIRCLE_TEXT ((size_t)400)

static int try_role(struct shared_walk *w, const struct aws_section *s, struct profile *p);
static int try_web_identity(struct shared_walk *w, const struct aws_section *s, struct profile *p);
static int try_sso(struct shared_walk *w, const struct aws_section *s, struct profile *p);
static int try_credentials_file(struct shared_walk *w, const struct aws_section *s, struct profile *p);
static int try_login(struct shared_walk *w, const struct aws_section *s, struct profile *p);
static int try_process(struct shared_walk *w, const struct aws_section *s, struct profile *p);
static int try_config_file(struct shared_walk *w, const struct aws_section *s, struct profile *p);

static const struct {
        const char *name, *key;
        int (*attempt)(struct shared_walk *w, const struct aws_section *s, struct profile *p);
} links[SHARED_LINK_COUNT] = {
    [SHARED_ASSUME_ROLE] = {"assume_role", "role_arn", try_role},
    [SHARED_WEB_IDENTITY] = {"web_identity", "web_identity_token_file", try_web_identity},
    [SHARED_SSO] = {"sso", "sso_account_id", try_sso},
    [SHARED_CREDENTIALS_FILE] = {"credentials_file", "aws_access_key_id", try_credentials_file},
    [SHARED_LOGIN] = {"login", "login_session", try_login},
    [SHARED_PROCESS] = {"credential_process", "credential_process", try_process},
    [SHARED_CONFIG_FILE] = {"config_file", "aws_access_key_id", try_config_file},
};

const char *shared_link_name(enum shared_link link)
{
        return links[link].name;
}

const char *shared_link_key(enum shared_link link)
{
        return links[link].key;
}

static bool has(const struct aws_section *s, const char *key)
{
        return aws_section_get(s, key);
}

static bool has_keys(const struct aws_section *s)
{
        return has(s, "aws_access_key_id") || has(s, "aws_secret_access_key");
}

// Then the settings that hold for the call do not matter.
static bool has_keys_alone(const struct aws_section *s)
{
        return has_keys(s) && !has(s, "web_identity_token_file") && !has(s, "sso_account_id") &&
               !has(s, "sso_role_name") && !has(s, "login_session") && !has(s, "credential_process");
}

static int take_role(struct resolution *r, const struct aws_section *s, struct profile *p)
{
        int result = shared_take(r, s, SHARED_ROLE_ARN, &p->role.role_arn);
        return result < 0 ? -1 : shared_take(r, s, SHARED_ROLE_SESSION_NAME, &p->role.role_session_name);
}

// ---- static keys ----

// All of a key comes from one file.
static const struct aws_property *find_in(const struct aws_section *s, const char *key, enum aws_file file)
{
        for (const struct aws_property *p = s->properties; p; p = p->next)
                if (p->file == file && strcmp(p->key, key) == 0)
                        return p->value[0] ? p : NULL;
        return NULL;
}

static int take_keys(struct resolution *r, const struct aws_section *s, enum aws_file file, struct profile *p)
{
        const struct aws_property *id = find_in(s, "aws_access_key_id", file);
        const struct aws_property *secret = find_in(s, "aws_secret_access_key", file);
        const struct aws_property *token = find_in(s, "aws_session_token", file);
        if (!id && !secret)
                return 0;
        if (!id || !secret)
                return shared_fail(r, s, id ? id : secret, "found %s without %s in the same file",
                                   id ? "aws_access_key_id" : "aws_secret_access_key",
                                   id ? "aws_secret_access_key" : "aws_access_key_id");
        token = token ? token : find_in(s, "aws_security_token", file);
        const struct slice hidden = {NULL, 0};
        if (!values_is_access_key_id(slice_str(id->value)))
                return shared_refuse(r, s, id, hidden, "1 to 128 letters and digits");
        if (!values_is_secret_access_key(slice_str(secret->value)))
                return shared_refuse(r, s, secret, hidden, "a secret access key without blanks");
        if (token && !values_is_session_token(slice_str(token->value)))
                return shared_refuse(r, s, token, hidden, "a session token without blanks");
        p->type = PROFILE_STATIC;
        if (reader_keep(r->reader, slice_str(id->value), &p->keys.access_key_id) < 0 ||
            reader_keep_secret(r->reader, slice_str(secret->value), &p->keys.secret_access_key) < 0 ||
            (token && reader_keep_secret(r->reader, slice_str(token->value), &p->keys.session_token) < 0))
                return -1;
        return shared_take(r, s, SHARED_ACCOUNT_ID, &p->keys.account_id) < 0 ? -1 : 1;
}

static int try_credentials_file(struct shared_walk *w, const struct aws_section *s, struct profile *p)
{
        return s ? take_keys(w->r, s, AWS_FILE_CREDENTIALS, p) : 0;
}

static int try_config_file(struct shared_walk *w, const struct aws_section *s, struct profile *p)
{
        return s ? take_keys(w->r, s, AWS_FILE_CONFIG, p) : 0;
}

// ---- roles ----

static int refuse_circle(const struct shared_walk *w, const struct aws_section *s, const char *source)
{
        struct buffer circle;
        size_t from = w->depth - 1;
        while (from > 0 && strcmp(w->names[from], source) != 0)
                from--;
        buffer_init(&circle, CIRCLE_TEXT);
        for (size_t i = from; i < w->depth && circle.n < CIRCLE_TEXT / 2; i++)
                (void)buffer_printf(&circle, "%s -> ", w->names[i]);
        (void)buffer_put_str(&circle, source);
        const char *text = buffer_c_str(&circle);
        shared_fail(w->r, s, aws_section_get(s, "source_profile"),
                    "found a circle of source profiles (%s), expected a chain that ends", text ? text : source);
        buffer_free(&circle);
        return error_hint(w->r->reader->e, "one of them must have credentials of its own, such as aws_access_key_id, "
                                           "and no source_profile");
}

// Adds the implied profile of `source`, unless it is there, and names it in p->source_profile.
static int add_source(struct shared_walk *w, const struct aws_section *source, bool by_keys, struct profile *p)
{
        struct resolution *r = w->r;
        struct profile base = {.name = NULL};
        enum shared_link link;
        if (reader_keep_print(r->reader, &p->source_profile, "%s/%s", source->name,
                              by_keys ? "keys" : w->common->suffix) < 0)
                return -1;
        if (resolution_reuse(r, p->source_profile))
                return 0;
        base.name = p->source_profile;
        if (by_keys) {
                int taken = take_keys(r, source, AWS_FILE_CREDENTIALS, &base);
                if (taken < 0 || (taken == 0 && take_keys(r, source, AWS_FILE_CONFIG, &base) < 0))
                        return -1;
        } else {
                w->names[w->depth++] = source->name;
                if (shared_profile_resolve(w, source, &base, &link) < 0)
                        return -1;
                w->depth--;
        }
        return resolution_add(r, &base);
}

static int use_source_profile(struct shared_walk *w, const struct aws_section *s, struct profile *p)
{
        const struct aws_property *at = aws_section_get(s, "source_profile");
        const struct aws_section *source = shared_files_find(&w->r->files, AWS_SECTION_PROFILE, at->value);
        if (!source) {
                shared_fail(w->r, s, at, "source_profile: found \"%.80s\", expected the name of a profile of %s or %s",
                            at->value, w->r->files.files[AWS_FILE_CONFIG].path,
                            w->r->files.files[AWS_FILE_CREDENTIALS].path);
                return shared_hint_odd(w->r, at->value);
        }
        bool is_self = strcmp(at->value, s->name) == 0 && has_keys(source); // its own keys are the base
        for (size_t i = 0; i < w->depth && !is_self; i++)
                if (strcmp(w->names[i], at->value) == 0)
                        return refuse_circle(w, s, at->value);
        if (w->depth == PLAN_CHAIN_MAX - 1)
                return shared_fail(w->r, s, at, "found a chain of more than %d profiles, expected fewer",
                                   PLAN_CHAIN_MAX - 1);
        return add_source(w, source, has_keys_alone(source), p);
}

static int try_role(struct shared_walk *w, const struct aws_section *s, struct profile *p)
{
        struct resolution *r = w->r;
        bool is_source = w->depth > 1;
        const struct aws_property *source = aws_section_get(s, "source_profile");
        const struct aws_property *named = aws_section_get(s, "credential_source");
        if (has(s, "web_identity_token_file") || (is_source && has_keys(s)))
                return 0;
        if (!has(s, "role_arn"))
                return source || named ? shared_fail(r, s, source ? source : named, "found %s without role_arn",
                                                     source ? source->key : named->key)
                                       : 0;
        if (source && named)
                return shared_fail(r, s, named,
                                   "found both source_profile and credential_source, expected one of "
                                   "them");
        if (!source && !named)
                return shared_fail(r, s, aws_section_get(s, "role_arn"),
                                   "found role_arn without source_profile, credential_source or "
                                   "web_identity_token_file");
        p->type = PROFILE_ASSUME_ROLE;
        if (take_role(r, s, p) < 0 ||
            shared_take_number(r, s, "duration_seconds", (int64_t[2]){DURATION_MIN_S, DURATION_MAX_S},
                               &p->role.duration_seconds) < 0 ||
            shared_take(r, s, SHARED_EXTERNAL_ID, &p->role.external_id) < 0 ||
            shared_take(r, s, SHARED_MFA_SERIAL, &p->role.mfa_serial) < 0 ||
            shared_take(r, s, SHARED_CREDENTIAL_SOURCE, &p->credential_source) < 0)
                return -1;
        int result = source ? use_source_profile(w, s, p) : shared_profile_use_source(r, w->common, p);
        return result < 0 ? -1 : 1;
}

static int try_web_identity(struct shared_walk *w, const struct aws_section *s, struct profile *p)
{
        struct resolution *r = w->r;
        const struct aws_property *at = aws_section_get(s, "web_identity_token_file");
        const char *token = NULL;
        if (w->takes_env && w->depth == 1) {
                if (env_source_get(r, ENV_WEB_IDENTITY_TOKEN_FILE, &token) < 0)
                        return -1;
                if (!token && !at)
                        return 0;
                if (env_source_keep(r, ENV_ROLE_ARN, &p->role.role_arn) < 0 ||
                    env_source_keep(r, ENV_ROLE_SESSION_NAME, &p->role.role_session_name) < 0)
                        return -1;
        }
        if (!token && !at)
                return 0;
        p->type = PROFILE_WEB_IDENTITY;
        if (take_role(r, s, p) < 0) // without duration_seconds, as all SDKs: it may be more than the role allows
                return -1;
        if (!p->role.role_arn)
                return token ? env_source_refuse_missing(r, "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")
                             : shared_fail(r, s, at, "found web_identity_token_file without role_arn");
        if (reader_keep_env_path(r->reader, token ? token : at->value, &p->web_identity_token_file) < 0)
                return -1;
        char place[300] = "environment: AWS_WEB_IDENTITY_TOKEN_FILE";
        if (!token)
                (void)snprintf(place, sizeof(place), "%s:%u: profile %s: web_identity_token_file",
                               r->files.files[at->file].path, at->line, s->name);
        return reader_judge_file_of(r->reader, place, p->web_identity_token_file) < 0 ? -1 : 1;
}

int shared_profile_use_source(struct resolution *r, const struct shared_common *common, struct profile *p)
{
        struct profile base = {.name = NULL};
        bool is_imds = strcmp(p->credential_source, "Ec2InstanceMetadata") == 0;
        bool is_environment = strcmp(p->credential_source, "Environment") == 0;
        // No AWS profile has an empty name.
        if (reader_keep_print(r->reader, &p->source_profile, "/%s%s%s", p->credential_source,
                              common && is_imds ? "/" : "", common && is_imds ? common->imds_suffix : "") < 0)
                return -1;
        if (resolution_reuse(r, p->source_profile))
                return 0;
        base.name = p->source_profile;
        if (is_environment) {
                int taken = env_source_keys(r, &base);
                if (taken < 0)
                        return -1;
                if (taken == 0) {
                        error_set(r->reader->e, ERROR_CONFIG,
                                  "environment: found no AWS_ACCESS_KEY_ID, which "
                                  "credential_source Environment needs");
                        return error_hint(r->reader->e, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
                }
        } else if (is_imds) {
                base.type = PROFILE_IMDS;
                if (common && shared_common_apply(r, common, &base) < 0)
                        return -1;
                base.region = NULL; // others may share it
        } else {
                base.type = PROFILE_CONTAINER;
        }
        return resolution_add(r, &base);
}

// ---- the rest ----

int shared_profile_use_session(struct resolution *r, const struct aws_section *session, struct profile *p)
{
        if (shared_take(r, session, SHARED_SSO_START_URL, &p->sso.start_url) < 0 ||
            shared_take(r, session, SHARED_SSO_REGION, &p->sso.region) < 0 ||
            shared_take(r, session, SHARED_SSO_REGISTRATION_SCOPES, &p->sso.registration_scopes) < 0)
                return -1;
        if (p->sso.start_url && p->sso.region)
                return 0;
        return shared_fail(r, session, NULL, "found no %s, which IAM Identity Center needs",
                           p->sso.start_url ? "sso_region" : "sso_start_url");
}

static int check_session(struct resolution *r, const struct aws_section *s, const struct aws_section *session)
{
        for (const struct aws_property *p = session->properties; p; p = p->next) {
                const struct aws_property *theirs = aws_section_get(session, p->key);
                const struct aws_property *own = aws_section_get(s, p->key);
                if (own && theirs && strcmp(own->value, theirs->value) != 0)
                        return shared_fail(r, s, own,
                                           "%s: found another value than in [sso-session %s], expected the "
                                           "same or none",
                                           own->key, session->name);
        }
        return 0;
}

static int try_sso(struct shared_walk *w, const struct aws_section *s, struct profile *p)
{
        struct resolution *r = w->r;
        if (!has(s, "sso_account_id") && !has(s, "sso_role_name"))
                return 0;
        p->type = PROFILE_SSO;
        if (shared_take(r, s, SHARED_SSO_ACCOUNT_ID, &p->sso.account_id) < 0 ||
            shared_take(r, s, SHARED_SSO_ROLE_NAME, &p->sso.role_name) < 0 ||
            shared_take(r, s, SHARED_SSO_SESSION, &p->sso.session) < 0 ||
            shared_take(r, s, SHARED_SSO_START_URL, &p->sso.start_url) < 0 ||
            shared_take(r, s, SHARED_SSO_REGION, &p->sso.region) < 0)
                return -1;
        const char *missing = !p->sso.account_id ? "sso_account_id" : (!p->sso.role_name ? "sso_role_name" : NULL);
        if (!missing && p->sso.session) {
                const struct aws_section *session =
                    shared_files_find(&r->files, AWS_SECTION_SSO_SESSION, p->sso.session);
                if (!session)
                        return shared_fail(r, s, aws_section_get(s, "sso_session"),
                                           "sso_session: found \"%.80s\", expected the name of an [sso-session] "
                                           "section of %s",
                                           p->sso.session, r->files.files[AWS_FILE_CONFIG].path);
                return check_session(r, s, session) < 0 || shared_profile_use_session(r, session, p) < 0 ? -1 : 1;
        }
        if (!missing)
                missing = !p->sso.start_url ? "sso_start_url" : (!p->sso.region ? "sso_region" : NULL);
        return missing ? shared_fail(r, s, NULL, "found no %s, which IAM Identity Center needs", missing) : 1;
}

static int try_login(struct shared_walk *w, const struct aws_section *s, struct profile *p)
{
        if (!has(s, "login_session"))
                return 0;
        p->type = PROFILE_LOGIN;
        if (shared_take(w->r, s, SHARED_LOGIN_SESSION, &p->login.session) < 0)
                return -1;
        return reader_keep(w->r->reader, slice_str(s->name), &p->login.profile) < 0 ? -1 : 1;
}

static int try_process(struct shared_walk *w, const struct aws_section *s, struct profile *p)
{
        if (!has(s, "credential_process"))
                return 0;
        p->type = PROFILE_PROCESS;
        if (shared_take(w->r, s, SHARED_CREDENTIAL_PROCESS, &p->credential_process) < 0)
                return -1;
        return shared_take(w->r, s, SHARED_ACCOUNT_ID, &p->keys.account_id) < 0 ? -1 : 1;
}

int shared_profile_try(struct shared_walk *w, enum shared_link link, const struct aws_section *s, struct profile *p)
{
        int result = links[link].attempt(w, s, p);
        return result > 0 && shared_common_apply(w->r, w->common, p) < 0 ? -1 : result;
}

int shared_profile_resolve(struct shared_walk *w, const struct aws_section *s, struct profile *p, enum shared_link *ret)
{
        for (unsigned i = 0; i < SHARED_LINK_COUNT; i++) {
                int result = shared_profile_try(w, (enum shared_link)i, s, p);
                *ret = (enum shared_link)i;
                if (result != 0)
                        return result < 0 ? -1 : 0;
        }
        shared_fail(w->r, s, NULL,
                    "found no credentials, expected role_arn, web_identity_token_file, sso_account_id, "
                    "login_session, credential_process or aws_access_key_id");
        return error_hint(w->r->reader->e, "add one of these settings to the profile");
}

int shared_profile_report(struct resolution *r, enum shared_link link, const struct aws_section *s,
                          const struct profile *p)
{
        const struct aws_property *at = aws_section_get(s, links[link].key);
        const struct aws_property *source = link == SHARED_ASSUME_ROLE ? aws_section_get(s, "source_profile") : NULL;
        bool has_base = source || (link == SHARED_ASSUME_ROLE && p->credential_source);
        char *name = NULL;
        if (reader_keep_print(r->reader, &name, "profile %s: %s", s->name, links[link].name) < 0)
                return -1;
        return resolution_link(r, name, "%s of %s:%u%s%s", links[link].key,
                               r->files.files[at ? at->file : s->file].path, at ? at->line : s->line,
                               has_base ? (source ? ", on profile " : ", on ") : "",
                               has_base ? (source ? source->value : p->credential_source) : "");
}
