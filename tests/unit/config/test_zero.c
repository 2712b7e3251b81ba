// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/support.h"

#define KEY_ID "AWS_ACCESS_KEY_ID=AKIDEXAMPLE00001"
#define SECRET_KEY "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIxK7"
#define ROLE_ARN "AWS_ROLE_ARN=arn:aws:iam::111122223333:role/r"
#define TOKEN_FILE "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/token"
#define REGION "AWS_REGION=eu-west-1"

static int zero(const char *const *variables, struct settings **ret, struct error *e)
{
        static char memory[8][128];
        char *environment[9] = {NULL};
        for (size_t i = 0; i < 8 && variables[i]; i++) {
                (void)snprintf(memory[i], sizeof(memory[i]), "%s", variables[i]);
                environment[i] = memory[i];
        }
        struct env env;
        env_init(&env, environment);
        const struct settings_source source = {.working_directory = "/base", .host_name = "host-1", .env = &env};
        *e = (struct error){.kind = ERROR_NONE};
        return settings_zero(&source, ret, e);
}

static void test_keys(void **state)
{
        (void)state;
        static const char *const variables[] = {KEY_ID, SECRET_KEY, "AWS_SESSION_TOKEN=token", ROLE_ARN, NULL};
        struct settings *s = NULL;
        struct error e;
        assert_int_equal(zero(variables, &s, &e), 0);
        assert_null(s->path);
        assert_int_equal(s->profiles_count, 1);
        const struct profile *p = settings_find(s, "default");
        assert_ptr_equal(p, &s->profiles[0]);
        assert_int_equal(p->type, PROFILE_STATIC);
        assert_string_equal(p->keys.access_key_id, "AKIDEXAMPLE00001");
        assert_true(slice_eq(secret_expose(&p->keys.secret_access_key), SLICE("wJalrXUtnFEMIxK7")));
        assert_true(slice_eq(secret_expose(&p->keys.session_token), SLICE("token")));
        assert_int_equal(s->listeners_count, 1);
        assert_string_equal(s->listeners[0].unix_path, "/run/keyfob/keyfob.sock");
        settings_free(s);
}

static void test_token(void **state)
{
        (void)state;
        static const char *const variables[] = {TOKEN_FILE, ROLE_ARN, REGION, "AWS_EXTERNAL_ID=ext", NULL};
        static const char *const relative[] = {"AWS_WEB_IDENTITY_TOKEN_FILE=token", ROLE_ARN, REGION,
                                               "AWS_ROLE_SESSION_NAME=mine", NULL};
        struct settings *s = NULL;
        struct error e;
        assert_int_equal(zero(variables, &s, &e), 0);
        const struct profile *p = settings_find(s, "default");
        assert_int_equal(p->type, PROFILE_WEB_IDENTITY);
        assert_string_equal(p->web_identity_token_file, "/var/run/token");
        assert_string_equal(p->role.role_arn, "arn:aws:iam::111122223333:role/r");
        assert_string_equal(p->role.role_session_name, "default@host-1");
        assert_null(p->role.external_id);
        assert_string_equal(p->endpoint_url, "https://sts.eu-west-1.amazonaws.com");
        assert_string_equal(s->region, "eu-west-1");
        settings_free(s);

        assert_int_equal(zero(relative, &s, &e), 0);
        p = settings_find(s, "default");
        assert_string_equal(p->web_identity_token_file, "/base/token");
        assert_string_equal(p->role.role_session_name, "mine");
        settings_free(s);
}

static void test_role_on_keys(void **state)
{
        (void)state;
        static const char *const variables[] = {KEY_ID, SECRET_KEY, ROLE_ARN, REGION, "AWS_EXTERNAL_ID=ext:1", NULL};
        struct settings *s = NULL;
        struct error e;
        assert_int_equal(zero(variables, &s, &e), 0);
        assert_int_equal(s->profiles_count, 2);
        assert_string_equal(s->profiles[0].name, "environment");
        const struct profile *p = settings_find(s, "default");
        assert_int_equal(p->type, PROFILE_ASSUME_ROLE);
        assert_string_equal(p->source_profile, "environment");
        assert_string_equal(p->role.external_id, "ext:1");
        assert_int_equal(settings_find(s, "environment")->type, PROFILE_STATIC);
        settings_free(s);
}

static void test_faults(void **state)
{
        (void)state;
        static const struct {
                const char *variables[6];
                const char *message, *hint;
        } t[] = {
            {{REGION}, "found no configuration file", "--config"},
            {{"AWS_PROFILE=dev"}, "found no configuration file", "AWS_PROFILE and ~/.aws/config are not supported"},
            {{KEY_ID}, "found AWS_ACCESS_KEY_ID, but not AWS_SECRET_ACCESS_KEY", "set AWS_SECRET_ACCESS_KEY"},
            {{KEY_ID, TOKEN_FILE, ROLE_ARN, REGION}, "but not AWS_SECRET_ACCESS_KEY", ""},
            {{SECRET_KEY}, "found AWS_SECRET_ACCESS_KEY, but not AWS_ACCESS_KEY_ID", ""},
            {{KEY_ID, SECRET_KEY, "AWS_EXTERNAL_ID=ext"}, "found AWS_EXTERNAL_ID, but not AWS_ROLE_ARN", ""},
            {{TOKEN_FILE, REGION}, "found AWS_WEB_IDENTITY_TOKEN_FILE, but not AWS_ROLE_ARN", ""},
            {{ROLE_ARN, REGION}, "found AWS_ROLE_ARN, but not AWS_WEB_IDENTITY_TOKEN_FILE", ""},
            {{ROLE_ARN, "AWS_EXTERNAL_ID=ext"}, "found AWS_ROLE_ARN, but not AWS_ACCESS_KEY_ID", ""},
            {{TOKEN_FILE, ROLE_ARN}, "environment: found no region", "set AWS_REGION"},
            {{TOKEN_FILE, "AWS_ROLE_ARN=role", REGION},
             "environment: AWS_ROLE_ARN: found \"role\"",
             "correct or unset"},
            {{TOKEN_FILE, ROLE_ARN, "AWS_REGION=x_y"}, "environment: AWS_REGION: found \"x_y\"", ""},
            {{KEY_ID, "AWS_SECRET_ACCESS_KEY=se cret"}, "AWS_SECRET_ACCESS_KEY: found another form", ""},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct settings *s = NULL;
                struct error e;
                assert_int_equal(zero(t[i].variables, &s, &e), -1);
                assert_int_equal(e.kind, ERROR_CONFIG);
                if (!strstr(e.message, t[i].message) || !e.hint[0] || !strstr(e.hint, t[i].hint))
                        fail_msg("row %zu: %s (%s)", i, e.message, e.hint);
                assert_null(strstr(e.message, "se cret"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_keys),
            cmocka_unit_test(test_token),
            cmocka_unit_test(test_role_on_keys),
            cmocka_unit_test(test_faults),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
