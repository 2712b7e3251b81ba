// SPDX-License-Identifier: Apache-2.0
// link: config
// What ~/.aws/config, ~/.aws/credentials and an environment come to, so that a reference implementation can be held
// against it. Arguments: "files" or "identity", and a folder to be HOME, which has a folder .aws. Reads orders from
// standard input: "config N", "credentials N" or "env N" and a line feed, then N bytes and a line feed; "run 0" and two
// line feeds end a case. Prints a line of JSON for each: the merged sections of the files; or, by profile, the steps by
// which it gets its credentials, its base first; or {"error": …}. Files that are not given are not there.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/mem/text.h"
#include "proto/wire/json_write.h"
#include "sidecar/base/env.h"
#include "sidecar/config/settings.h"
#include "sidecar/config/shared_files.h"

enum { ENTRIES_MAX = 64, PATH_SIZE = 4096, OUT_MAX = 64 * 1024 * 1024 };

struct judge {
        const char *home;
        char *entries[ENTRIES_MAX + 1]; // "HOME=…" first
        size_t entries_count;
        struct buffer out;
};

static void path_of(const struct judge *j, const char *name, char out[PATH_SIZE])
{
        (void)snprintf(out, PATH_SIZE, "%s/.aws/%s", j->home, name);
}

static int put_file(const struct judge *j, const char *name, const char *bytes, size_t n)
{
        char path[PATH_SIZE];
        path_of(j, name, path);
        FILE *f = fopen(path, "we");
        if (!f)
                return -1;
        size_t written = n ? fwrite(bytes, 1, n, f) : 0;
        return fclose(f) == 0 && written == n ? 0 : -1;
}

static void put(struct buffer *out, const char *key, const char *value)
{
        if (value)
                json_member(out, key, slice_str(value));
}

// ---- files ----

static void put_sections(const struct aws_ini *ini, enum aws_section_kind kind, const char *key, struct buffer *out)
{
        json_key(out, key);
        json_begin_object(out);
        for (size_t i = 0; i < ini->count; i++) {
                const struct aws_section *s = &ini->sections[i];
                if (s->kind != kind)
                        continue;
                json_put_string(out, slice_str(s->name)); // escaped, as json_key() does not
                (void)buffer_put_byte(out, ':');
                json_begin_object(out);
                for (const struct aws_property *p = s->properties; p; p = p->next) {
                        bool is_latest = true;
                        for (const struct aws_property *q = s->properties; q != p; q = q->next)
                                is_latest = is_latest && strcmp(q->key, p->key) != 0;
                        if (is_latest)
                                put(out, p->key, p->value);
                }
                json_end_object(out);
        }
        json_end_object(out);
}

static int judge_files(const struct env *env, struct buffer *out, struct error *e)
{
        struct shared_files files;
        const struct reader reader = {.working_directory = "/", .env = env, .strings = &files.strings, .e = e};
        int r = shared_files_load(&files, &reader);
        if (r == 0) {
                put_sections(&files.ini, AWS_SECTION_PROFILE, "profiles", out);
                put_sections(&files.ini, AWS_SECTION_SSO_SESSION, "sso_sessions", out);
                put_sections(&files.ini, AWS_SECTION_SERVICES, "services", out);
        }
        shared_files_free(&files);
        return r;
}

// ---- identity ----

static void put_secret(struct buffer *out, const char *key, struct secret secret)
{
        if (secret.n)
                json_member(out, key, slice_of(secret.p, secret.n));
}

static void put_own(const struct profile *p, struct buffer *out)
{
        put(out, "access_key_id", p->keys.access_key_id);
        put_secret(out, "secret_access_key", p->keys.secret_access_key);
        put_secret(out, "session_token", p->keys.session_token);
        put(out, "credential_process", p->credential_process);
        put(out, "web_identity_token_file", p->web_identity_token_file);
        put(out, "role_arn", p->role.role_arn);
        put(out, "role_session_name", p->role.role_session_name);
        put(out, "external_id", p->role.external_id);
        put(out, "mfa_serial", p->role.mfa_serial);
        if (p->role.duration_seconds)
                json_member_i64(out, "duration_seconds", p->role.duration_seconds);
        put(out, "sso_session", p->sso.session);
        put(out, "sso_start_url", p->sso.start_url);
        put(out, "sso_region", p->sso.region);
        put(out, "sso_account_id", p->sso.account_id);
        put(out, "sso_role_name", p->sso.role_name);
        put(out, "container", p->container.url);
        put_secret(out, "authorization", p->container.authorization_token);
        put(out, "imds", p->imds.endpoint);
        if (p->imds.is_disabled)
                json_member_bool(out, "is_disabled", true);
        if (p->type == PROFILE_ASSUME_ROLE || p->type == PROFILE_WEB_IDENTITY)
                put(out, "issuer_region", p->issuer_region);
        if (p->type == PROFILE_ASSUME_ROLE || p->type == PROFILE_WEB_IDENTITY || p->type == PROFILE_SSO)
                put(out, "endpoint_url", p->endpoint_url);
}

static void put_steps(const struct settings *s, const struct profile *p, struct buffer *out)
{
        const struct profile *source = p->source_profile ? settings_find(s, p->source_profile) : NULL;
        if (source)
                put_steps(s, source, out);
        json_begin_object(out);
        json_member(out, "type", slice_str(profile_type_name(p->type)));
        put(out, "fault", p->fault);
        if (!p->fault)
                put_own(p, out);
        json_end_object(out);
}

static int judge_identity(const struct env *env, struct buffer *out, struct error *e)
{
        struct settings *settings = NULL;
        const struct settings_input input = {.socket_path = "/tmp/judge.sock", .env = env, .host_name = "judge"};
        if (settings_load(&input, &settings, e) < 0)
                return -1;
        for (size_t i = 0; i < settings->profiles_count; i++) {
                const struct profile *p = &settings->profiles[i];
                if (p->is_implied)
                        continue;
                json_put_string(out, slice_str(p->name));
                (void)buffer_put_byte(out, ':');
                json_begin_array(out);
                put_steps(settings, p, out);
                json_end_array(out);
        }
        settings_release(settings);
        return 0;
}

// ---- orders ----

static void begin_case(struct judge *j)
{
        char path[PATH_SIZE];
        for (size_t i = 1; i < j->entries_count; i++)
                free(j->entries[i]);
        j->entries_count = 1;
        j->entries[1] = NULL;
        path_of(j, "config", path);
        (void)unlink(path);
        path_of(j, "credentials", path);
        (void)unlink(path);
}

static void run(struct judge *j, bool is_files)
{
        struct env env;
        struct error e = {.kind = ERROR_NONE};
        env_init(&env, j->entries);
        buffer_reset(&j->out);
        json_begin_object(&j->out);
        if ((is_files ? judge_files(&env, &j->out, &e) : judge_identity(&env, &j->out, &e)) < 0) {
                put(&j->out, "error", e.message);
                put(&j->out, "hint", e.hint);
        }
        json_end_object(&j->out);
        puts(buffer_c_str(&j->out));
        begin_case(j);
}

// Takes `bytes` over.
static int obey(struct judge *j, const char *order, char *bytes, size_t n)
{
        if (strcmp(order, "env") == 0 && j->entries_count < ENTRIES_MAX) {
                j->entries[j->entries_count++] = bytes;
                j->entries[j->entries_count] = NULL;
                return 0;
        }
        bool is_file = strcmp(order, "config") == 0 || strcmp(order, "credentials") == 0;
        int r = is_file ? put_file(j, order, bytes, n) : -1;
        free(bytes);
        return r;
}

int main(int argc, char **argv)
{
        char order[16], length[16], home[PATH_SIZE + 8];
        if (argc != 3)
                return 2;
        (void)snprintf(home, sizeof(home), "HOME=%s", argv[2]);
        struct judge j = {.home = argv[2], .entries = {home}, .entries_count = 1};
        buffer_init(&j.out, OUT_MAX);
        begin_case(&j);
        int status = 0;
        while (status == 0 && scanf("%15s %15s", order, length) == 2 && getchar() == '\n') {
                uint64_t n;
                if (text_parse_u64(slice_str(length), &n) < 0)
                        return 2;
                char *bytes = calloc(1, (size_t)n + 1);
                if (!bytes || fread(bytes, 1, (size_t)n, stdin) != (size_t)n || getchar() != '\n')
                        return 2;
                if (strcmp(order, "run") == 0) {
                        free(bytes);
                        run(&j, strcmp(argv[1], "files") == 0);
                } else if (obey(&j, order, bytes, (size_t)n) < 0) {
                        status = 2;
                }
        }
        begin_case(&j);
        buffer_free(&j.out);
        return status;
}
