// SPDX-License-Identifier: Apache-2.0
// A home with ~/.aws files for the tests that read them.
#ifndef TESTS_UNIT_CONFIG_SHARED_SUPPORT_H
#define TESTS_UNIT_CONFIG_SHARED_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/config/support.h"
#include "tests/unit/folder.h"

#define VARIABLES_MAX 16
#define KEYS "aws_access_key_id = AKIDEXAMPLE00001\naws_secret_access_key = wJalrXUtnFEMIxK7\n"
#define OTHER_KEYS "aws_access_key_id = AKIDEXAMPLE00002\naws_secret_access_key = wJalrXUtnFEMIxK8\n"
#define ARN(name) "arn:aws:iam::111122223333:role/" name
#define ROLE_ON(source) "role_arn = " ARN("r") "\nsource_profile = " source "\n"
#define SHARED(name) "{\"profiles\": {\"p\": {\"type\": \"shared_config\", \"profile\": \"" name "\"}}}"
#define SSO_ROLE "sso_account_id = 111122223333\nsso_role_name = Dev\n"
#define REGION "AWS_REGION=eu-west-1"
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

struct home {
        struct folder folder;
        char variables[VARIABLES_MAX + 1][256];
        char *environment[VARIABLES_MAX + 2];
        struct env env;
};

static inline void home_put(const struct home *h, const char *name, const char *text)
{
        char path[256];
        (void)snprintf(path, sizeof(path), "%s/.aws/%s", h->folder.path, name);
        (void)unlink(path);
        if (!text)
                return;
        write_file(path, text);
}

// NULL: there is no such file. `variables` ends in NULL.
static inline void home_set(struct home *h, const char *config, const char *credentials, const char *const *variables)
{
        home_put(h, "config", config);
        home_put(h, "credentials", credentials);
        size_t n = 0;
        (void)snprintf(h->variables[n], sizeof(h->variables[n]), "HOME=%s", h->folder.path);
        h->environment[n] = h->variables[n];
        for (n = 1; variables && variables[n - 1]; n++) {
                assert_true(n <= VARIABLES_MAX);
                (void)snprintf(h->variables[n], sizeof(h->variables[n]), "%s", variables[n - 1]);
                h->environment[n] = h->variables[n];
        }
        h->environment[n] = NULL;
        env_init(&h->env, h->environment);
}

static inline void home_make(struct home *h)
{
        char path[96];
        folder_make(&h->folder);
        folder_name(&h->folder, ".aws", path, sizeof(path));
        assert_int_equal(mkdir(path, 0700), 0);
        home_set(h, NULL, NULL, NULL);
}

static inline void home_remove(struct home *h)
{
        char path[96];
        home_set(h, NULL, NULL, NULL);
        folder_name(&h->folder, ".aws", path, sizeof(path));
        assert_int_equal(rmdir(path), 0);
        folder_remove(&h->folder);
}

// For cmocka: a test with a home as its state.
static inline int home_set_up(void **state)
{
        struct home *h = calloc(1, sizeof(*h));
        assert_non_null(h);
        home_make(h);
        *state = h;
        return 0;
}

static inline int home_tear_down(void **state)
{
        home_remove(*state);
        explicit_bzero(*state, sizeof(struct home)); // its environment holds secrets, see tests/canary.h
        free(*state);
        return 0;
}

#define AT_HOME(function) cmocka_unit_test_setup_teardown(function, home_set_up, home_tear_down)

static inline int home_zero(const struct home *h, struct settings **ret, struct error *e)
{
        const struct settings_source source = {
            .working_directory = "/base", .host_name = "host-1", .env = &h->env, .check_files = true};
        *e = (struct error){.kind = ERROR_NONE};
        *ret = NULL;
        return settings_zero(&source, ret, e);
}

static inline int home_parse(const struct home *h, const char *json, struct settings **ret, struct error *e)
{
        const struct settings_source source = {.file = "/etc/keyfob/config.json",
                                               .directory = "/etc/keyfob",
                                               .working_directory = "/base",
                                               .host_name = "host-1",
                                               .lookup = lookup_fixed,
                                               .env = &h->env};
        *e = (struct error){.kind = ERROR_NONE};
        *ret = NULL;
        return settings_parse(&source, slice_str(json), ret, e);
}

static inline const struct profile *home_find(const struct settings *s, const char *name)
{
        const struct profile *p = settings_find(s, name);
        if (!p)
                fail_msg("no profile %s", name);
        return p;
}

static inline struct settings *home_load(const struct home *h, const char *json)
{
        struct settings *s = NULL;
        struct error e;
        if (home_parse(h, json, &s, &e) < 0)
                fail_msg("%s\n%s", e.message, e.hint);
        return s;
}

static inline const struct profile *home_source_of(const struct settings *s, const struct profile *p)
{
        assert_non_null(p->source_profile);
        const struct profile *source = home_find(s, p->source_profile);
        assert_true(source->is_implied && strchr(source->name, '/') && source < p);
        const struct profile *shown = home_find(s, source->stands_for); // whom a person may ask for
        assert_true(shown && !shown->is_implied);
        return source;
}

// The settings of the files and variables alone.
static inline struct settings *home_settings(struct home *h, const char *config, const char *credentials,
                                             const char *const *variables)
{
        struct settings *s = NULL;
        struct error e;
        home_set(h, config, credentials, variables);
        if (home_zero(h, &s, &e) < 0)
                fail_msg("%s\n%s", e.message, e.hint);
        return s;
}

#endif
