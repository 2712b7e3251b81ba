// SPDX-License-Identifier: Apache-2.0
// Without a file of ours: the profile `default` by the default chain, and the profiles of the AWS files.
#include "tests/unit/config/shared_support.h"

#define KEY_ID "AWS_ACCESS_KEY_ID=AKIDEXAMPLE00009"
#define SECRET_KEY "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIxK9"
#define ROLE_ARN "AWS_ROLE_ARN=arn:aws:iam::111122223333:role/r"
#define TOKEN_FILE "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/token"
#define NO_IMDS "AWS_EC2_METADATA_DISABLED=true"

static const char *source(const struct profile *p)
{
        assert_true(p->chain_count > 0);
        return p->chain[p->chain_count - 1].name;
}

static void test_keys(void **state)
{
        struct settings *s =
            home_settings(*state, NULL, NULL,
                          LIST(KEY_ID, SECRET_KEY, "AWS_SESSION_TOKEN=token", ROLE_ARN,
                               "AWS_CREDENTIAL_EXPIRATION=2026-09-01T12:00:00Z", "AWS_ACCOUNT_ID=111122223333"));
        const struct home *h = *state;
        char path[128];
        assert_null(s->path);
        assert_int_equal(s->profiles_count, 1);
        const struct profile *p = home_find(s, "default");
        assert_int_equal(p->type, PROFILE_STATIC);
        assert_int_equal(p->declared_type, PROFILE_DEFAULT_CHAIN);
        assert_false(p->on_demand);
        assert_string_equal(p->keys.access_key_id, "AKIDEXAMPLE00009");
        assert_true(slice_eq(secret_expose(&p->keys.secret_access_key), SLICE("wJalrXUtnFEMIxK9")));
        assert_true(slice_eq(secret_expose(&p->keys.session_token), SLICE("token")));
        assert_string_equal(p->keys.expiration, "2026-09-01T12:00:00Z");
        assert_string_equal(p->keys.account_id, "111122223333");
        assert_string_equal(source(p), "environment");
        assert_int_equal(s->listeners_count, 1);
        assert_string_equal(s->listeners[0].unix_path, "/run/keyfob/keyfob.sock");
        assert_int_equal(s->watched_count, 2); // though neither is there
        (void)snprintf(path, sizeof(path), "%s/.aws/config", h->folder.path);
        assert_string_equal(s->watched[0], path);
        settings_release(s);

        s = home_settings(*state, NULL, NULL,
                          LIST("AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")); // no AWS, but like it
        assert_string_equal(home_find(s, "default")->keys.access_key_id, "test");
        settings_release(s);

        s = home_settings(*state, NULL, NULL, LIST(KEY_ID, SECRET_KEY, "AWS_SECURITY_TOKEN=old"));
        assert_true(slice_eq(secret_expose(&home_find(s, "default")->keys.session_token), SLICE("old")));
        settings_release(s);
}

static void test_token(void **state)
{
        struct settings *s =
            home_settings(*state, NULL, NULL, LIST(TOKEN_FILE, ROLE_ARN, REGION, "AWS_EXTERNAL_ID=ext"));
        const struct profile *p = home_find(s, "default");
        assert_int_equal(p->type, PROFILE_WEB_IDENTITY);
        assert_string_equal(p->web_identity_token_file, "/var/run/token");
        assert_string_equal(p->role.role_arn, "arn:aws:iam::111122223333:role/r");
        assert_string_equal(p->role.role_session_name, "default@host-1");
        assert_null(p->role.external_id);
        assert_string_equal(p->endpoint_url, "https://sts.eu-west-1.amazonaws.com");
        assert_string_equal(s->region, "eu-west-1");
        assert_string_equal(source(p), "web_identity");
        settings_release(s);

        s = home_settings(*state, NULL, NULL,
                          LIST("AWS_WEB_IDENTITY_TOKEN_FILE=token", ROLE_ARN, REGION, "AWS_ROLE_SESSION_NAME=mine"));
        p = home_find(s, "default");
        assert_string_equal(p->web_identity_token_file, "/base/token");
        assert_string_equal(p->role.role_session_name, "mine");
        settings_release(s);
}

static void test_role_below_environment(void **state)
{
        static const struct {
                const char *credentials;
                const char *variables[4];
                enum profile_type base;
                const char *found_by;
        } t[] = {
            {NULL, {KEY_ID, SECRET_KEY}, PROFILE_STATIC, "environment"},
            {"[default]\n" KEYS, {NULL}, PROFILE_STATIC, "profile default: credentials_file"},
            {NULL, {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/x"}, PROFILE_CONTAINER, "container"},
            {NULL, {NULL}, PROFILE_IMDS, "imds"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct settings *s =
                    home_settings(*state, NULL, t[i].credentials,
                                  LIST(ROLE_ARN, REGION, "AWS_EXTERNAL_ID=ext:1", "AWS_ROLE_SESSION_NAME=me",
                                       t[i].variables[0], t[i].variables[1]));
                assert_int_equal(s->profiles_count, 2);
                const struct profile *p = home_find(s, "default");
                assert_int_equal(p->type, PROFILE_ASSUME_ROLE);
                assert_string_equal(p->role.external_id, "ext:1");
                assert_string_equal(p->role.role_session_name, "me");
                assert_string_equal(p->role.role_arn, "arn:aws:iam::111122223333:role/r");
                assert_string_equal(source(p), "environment: assume_role");
                assert_string_equal(p->chain[p->chain_count - 2].name, t[i].found_by);
                const struct profile *base = home_find(s, p->source_profile);
                assert_int_equal(base->type, t[i].base);
                assert_true(base->is_implied && base < p && strchr(base->name, '/'));
                settings_release(s);
        }
}

// Which link answers, and how those before it are told.
static void test_order(void **state)
{
        static const char sso[] = "sso_account_id = 111122223333\nsso_role_name = r\nsso_region = us-east-1\n"
                                  "sso_start_url = https://x.awsapps.com/start\n";
        static const char role[] = "role_arn = " ARN("x") "\nsource_profile = base\n";
        static const char web[] = "web_identity_token_file = /t\nrole_arn = " ARN("w") "\n";
        static const char login[] = "login_session = arn:aws:iam::111122223333:user/me\n";
        static const char process[] = "credential_process = /bin/x\n";
        static const char base[] = "[profile base]\n" OTHER_KEYS;
        static const struct {
                const char *config[5];
                const char *credentials;
                const char *variables[4];
                enum profile_type type;
                const char *source;
                size_t passed; // links that came before
        } t[] = {
            {{role, sso, process, KEYS, base}, KEYS, {KEY_ID, SECRET_KEY}, PROFILE_STATIC, "environment", 0},
            {{role, sso, process, KEYS, base},
             KEYS,
             {TOKEN_FILE, ROLE_ARN},
             PROFILE_ASSUME_ROLE,
             "profile default: assume_role",
             1},
            {{sso, process, KEYS}, KEYS, {TOKEN_FILE, ROLE_ARN}, PROFILE_WEB_IDENTITY, "web_identity", 2},
            {{web, sso, process, KEYS}, KEYS, {NULL}, PROFILE_WEB_IDENTITY, "profile default: web_identity", 2},
            {{sso, login, process, KEYS}, KEYS, {NULL}, PROFILE_SSO, "profile default: sso", 3},
            {{login, process, OTHER_KEYS}, KEYS, {NULL}, PROFILE_STATIC, "profile default: credentials_file", 4},
            {{login, process, KEYS}, NULL, {NULL}, PROFILE_LOGIN, "profile default: login", 5},
            {{process, KEYS}, NULL, {NULL}, PROFILE_PROCESS, "profile default: credential_process", 6},
            {{KEYS}, NULL, {NULL}, PROFILE_STATIC, "profile default: config_file", 7},
            {{"region = eu-west-1\n"},
             NULL,
             {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x"},
             PROFILE_CONTAINER,
             "container",
             8},
            {{"region = eu-west-1\n"}, NULL, {NULL}, PROFILE_IMDS, "imds", 9},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char config[2048] = "[default]\n", credentials[256];
                for (size_t k = 0; k < 5 && t[i].config[k]; k++)
                        (void)snprintf(config + strlen(config), sizeof(config) - strlen(config), "%s", t[i].config[k]);
                (void)snprintf(credentials, sizeof(credentials), "[default]\n%s",
                               t[i].credentials ? t[i].credentials : "");
                struct settings *s = home_settings(*state, config, t[i].credentials ? credentials : NULL,
                                                   LIST(REGION, t[i].variables[0], t[i].variables[1]));
                const struct profile *p = home_find(s, "default");
                if (p->type != t[i].type || strcmp(source(p), t[i].source) != 0 || p->chain_count != t[i].passed + 1)
                        fail_msg("row %zu: type %d, %s after %zu links", i, (int)p->type, source(p), p->chain_count);
                for (size_t k = 0; k < p->chain_count; k++)
                        assert_true(p->chain[k].name[0] && p->chain[k].outcome[0]);
                if (t[i].type == PROFILE_STATIC && i > 0)
                        assert_string_equal(p->keys.access_key_id, "AKIDEXAMPLE00001");
                settings_release(s);
        }
}

static void test_which_profile(void **state)
{
        static const char config[] = "[default]\n" KEYS "[profile a]\n" OTHER_KEYS "[profile b]\nregion=us-west-2\n"
                                     "aws_access_key_id = AKIDEXAMPLE00003\naws_secret_access_key = x\n";
        static const struct {
                const char *variables[2], *id;
        } t[] = {
            {{NULL}, "AKIDEXAMPLE00001"},
            {{"AWS_PROFILE=a"}, "AKIDEXAMPLE00002"},
            {{"AWS_DEFAULT_PROFILE=b"}, "AKIDEXAMPLE00003"},
            {{"AWS_PROFILE=a", "AWS_DEFAULT_PROFILE=b"}, "AKIDEXAMPLE00003"}, // as botocore has it
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct settings *s = home_settings(*state, config, NULL, LIST(t[i].variables[0], t[i].variables[1]));
                assert_string_equal(home_find(s, "default")->keys.access_key_id, t[i].id);
                assert_string_equal(home_find(s, "a")->keys.access_key_id, "AKIDEXAMPLE00002");
                assert_true(home_find(s, "a")->on_demand);
                assert_string_equal(home_find(s, "b")->region, "us-west-2");
                assert_int_equal(s->profiles_count, 3);
                settings_release(s);
        }
        // The region of the profile that is meant counts even when the environment has the keys.
        struct settings *s = home_settings(*state, config, NULL, LIST("AWS_PROFILE=b", KEY_ID, SECRET_KEY));
        assert_string_equal(home_find(s, "default")->region, "us-west-2");
        assert_string_equal(source(home_find(s, "default")), "environment");
        settings_release(s);
}

static void test_refused(void **state)
{
        struct home *h = *state;
        static const struct {
                const char *variables[6];
                const char *message, *hint;
        } t[] = {
            {{REGION, NO_IMDS}, "found no AWS credentials (environment: AWS_ACCESS_KEY_ID is not set", "AWS_ROLE_ARN"},
            {{REGION, NO_IMDS}, "AWS_EC2_METADATA_DISABLED is true", "AWS_ACCESS_KEY_ID"},
            {{REGION, NO_IMDS}, "config does not exist", "/etc/keyfob/config.json"},
            {{ROLE_ARN, NO_IMDS}, "AWS_ROLE_ARN alone is not used", ""},
            {{NO_IMDS, "AWS_CONFIG_FILE=/none/x"}, "AWS_CONFIG_FILE /none/x does not exist", ""},
            {{"AWS_PROFILE=dev"}, "AWS_PROFILE: found no profile dev in /", "[profile dev]"},
            {{"AWS_PROFILE=dev", KEY_ID, SECRET_KEY}, "AWS_PROFILE: found no profile dev in /", "[profile dev]"},
            {{"AWS_DEFAULT_PROFILE=dev"}, "AWS_DEFAULT_PROFILE: found no profile dev in /", ""},
            {{KEY_ID}, "found AWS_ACCESS_KEY_ID without AWS_SECRET_ACCESS_KEY", "set AWS_SECRET_ACCESS_KEY"},
            {{KEY_ID, TOKEN_FILE, ROLE_ARN, REGION}, "without AWS_SECRET_ACCESS_KEY", ""},
            {{SECRET_KEY}, "found AWS_SECRET_ACCESS_KEY without AWS_ACCESS_KEY_ID", ""},
            {{KEY_ID, SECRET_KEY, "AWS_EXTERNAL_ID=ext"}, "found AWS_EXTERNAL_ID without AWS_ROLE_ARN", ""},
            {{TOKEN_FILE, REGION}, "found AWS_WEB_IDENTITY_TOKEN_FILE without AWS_ROLE_ARN", ""},
            {{ROLE_ARN, "AWS_EXTERNAL_ID=ext", NO_IMDS}, "found no AWS credentials", ""},
            {{TOKEN_FILE, "AWS_ROLE_ARN=role", REGION},
             "environment: AWS_ROLE_ARN: found \"role\"",
             "correct or unset"},
            {{"AWS_REGION=fips-us-east-1"},
             "environment: AWS_REGION: found \"fips-us-east-1\", expected an AWS region",
             "AWS_USE_FIPS_ENDPOINT"},
            {{TOKEN_FILE, ROLE_ARN, "AWS_REGION=x_y"}, "environment: AWS_REGION: found \"x_y\"", ""},
            {{KEY_ID, "AWS_SECRET_ACCESS_KEY=se cret"}, "AWS_SECRET_ACCESS_KEY: found an invalid value", ""},
            {{KEY_ID, SECRET_KEY, "AWS_CREDENTIAL_EXPIRATION=soon"}, "AWS_CREDENTIAL_EXPIRATION: found \"soon\"", ""},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct settings *s = NULL;
                struct error e;
                home_set(h, NULL, NULL, t[i].variables);
                assert_int_equal(home_zero(h, &s, &e), -1);
                assert_int_equal(e.kind, ERROR_CONFIG);
                if (!strstr(e.message, t[i].message) || !e.hint[0] || !strstr(e.hint, t[i].hint))
                        fail_msg("row %zu: %s (%s)", i, e.message, e.hint);
                assert_null(strstr(e.message, "se cret"));
        }
}

// A file that is broken as a whole is refused; a profile that is broken leaves the others alone.
static void test_broken_profiles(void **state)
{
        struct home *h = *state;
        struct settings *s = NULL;
        struct error e;
        home_set(h, "[profile a]\nnonsense\n", NULL, LIST(KEY_ID, SECRET_KEY));
        assert_int_equal(home_zero(h, &s, &e), -1);
        assert_non_null(strstr(e.message, "/.aws/config:2: "));

        // A section line that cannot be read costs its own section alone. It never makes another identity of it.
        static const char *const odd[] = {"[profile it's]\n", "[profile a b]\n", "[profile [x\n",
                                          "[profile [PROD]-x]\n"};
        for (size_t i = 0; i < ROWS(odd); i++) {
                char text[512];
                (void)snprintf(text, sizeof(text), "%s" KEYS "[default]\n" OTHER_KEYS "[profile b]\n" KEYS, odd[i]);
                s = home_settings(h, text, NULL, NULL);
                assert_string_equal(home_find(s, "default")->keys.access_key_id, "AKIDEXAMPLE00002");
                assert_string_equal(home_find(s, "b")->keys.access_key_id, "AKIDEXAMPLE00001");
                settings_release(s);
        }
        static const struct {
                const char *text, *name, *hint;
        } lost[] = {
            {"[profile it's]\n" KEYS, "it's", "config:1, character 12: its last quotation mark is not closed"},
            {"[profile a b]\n" KEYS, "a b", "config:1, character 12: a second word begins there"},
            {"# c\n[profile x\n" KEYS, "x", "config:2, character 11: it has no \"]\""},
            {"[default\n" KEYS, NULL, "config:1, character 9: it has no \"]\""},
        };
        for (size_t i = 0; i < ROWS(lost); i++) {
                char variable[64] = "X=";
                if (lost[i].name)
                        (void)snprintf(variable, sizeof(variable), "AWS_PROFILE=%s", lost[i].name);
                home_set(h, lost[i].text, NULL, LIST(variable));
                assert_int_equal(home_zero(h, &s, &e), -1);
                if (!strstr(e.message, "found no profile ") || !strstr(e.hint, lost[i].hint))
                        fail_msg("%s: %s (%s)", lost[i].text, e.message, e.hint);
        }
        s = home_settings(h, "[profile R&D]\n" KEYS, NULL, LIST("AWS_PROFILE=R&D"));
        assert_string_equal(home_find(s, "default")->keys.access_key_id, "AKIDEXAMPLE00001");
        settings_release(s);

        s = home_settings(h,
                          "[default]\n" KEYS "[profile half]\naws_access_key_id = AKIDEXAMPLE00001\n"
                          "[profile nothing]\nregion = eu-west-1\n[profile my/name]\n" KEYS
                          "[profile no-source]\nrole_arn = " ARN("r") "\nsource_profile = none\n",
                          NULL, NULL);
        assert_int_equal(s->profiles_count, 4);
        assert_null(settings_find(s, "my/name"));
        assert_null(home_find(s, "default")->fault);
        const struct profile *p = home_find(s, "half");
        assert_non_null(strstr(p->fault, "/.aws/config:5: profile half: found aws_access_key_id without "));
        assert_true(p->fault_hint && p->on_demand && p->declared_type == PROFILE_SHARED_CONFIG);
        assert_non_null(strstr(home_find(s, "nothing")->fault, "profile nothing: found no credentials"));
        assert_non_null(strstr(home_find(s, "no-source")->fault, "source_profile: found \"none\""));
        settings_release(s);

        // A chain that ends nowhere does not stand in the way of the others either.
        s = home_settings(h, "[profile a]\n" KEYS, NULL, LIST(NO_IMDS));
        assert_non_null(strstr(home_find(s, "default")->fault, "found no AWS credentials"));
        assert_true(home_find(s, "default")->on_demand);
        assert_null(home_find(s, "a")->fault);
        settings_release(s);

        // Nor does one that ends at a metadata service that may not be there; alone it is waited for.
        s = home_settings(h, "[profile a]\n" KEYS, NULL, LIST(REGION));
        assert_int_equal(home_find(s, "default")->type, PROFILE_IMDS);
        assert_true(home_find(s, "default")->on_demand);
        settings_release(s);
        s = home_settings(h, NULL, NULL, LIST(REGION));
        assert_false(home_find(s, "default")->on_demand);
        settings_release(s);

        // What is configured for it and broken is waited for.
        s = home_settings(h, "[default]\naws_access_key_id = AKIDEXAMPLE00001\n[profile a]\n" KEYS, NULL, NULL);
        assert_non_null(home_find(s, "default")->fault);
        assert_false(home_find(s, "default")->on_demand);
        settings_release(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            AT_HOME(test_keys),
            AT_HOME(test_token),
            AT_HOME(test_role_below_environment),
            AT_HOME(test_order),
            AT_HOME(test_which_profile),
            AT_HOME(test_refused),
            AT_HOME(test_broken_profiles),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
