// SPDX-License-Identifier: Apache-2.0
// settings_load() on a directory of its own: which file is taken, and which files must be there.

#include "sidecar/config/settings.h"
#include "tests/unit/config/place.h"

static int load(const char *config_path, char **environment, struct settings **ret, struct error *e)
{
        struct env env;
        env_init(&env, environment);
        const struct settings_input input = {.config_path = config_path, .env = &env, .host_name = "h"};
        *e = (struct error){.kind = ERROR_NONE};
        return settings_load(&input, ret, e);
}

static void test_which_file(void **state)
{
        const struct place *place = *state;
        char xdg[128], keyfob[128], want[128];
        struct settings *s = NULL;
        struct error e;
        assert_int_equal(mkdir("xdg", 0700) | mkdir("xdg/keyfob", 0700) | mkdir("d", 0700), 0);
        write_file("xdg/keyfob/config.json", "{\"profiles\": {\"xdg\": {" KEYS_BODY "}}}");
        write_file("d/config.json", "{\"profiles\": {\"named\": {" KEYS_BODY "}}}");
        write_file("config.json", "{\"profiles\": {\"flag\": {" KEYS_BODY "}}}");
        (void)snprintf(xdg, sizeof(xdg), "XDG_CONFIG_HOME=%s/xdg", place->root.path);
        (void)snprintf(keyfob, sizeof(keyfob), "KEYFOB_CONFIG=d/config.json");
        char *environment[] = {xdg, keyfob, NULL};

        assert_int_equal(load("config.json", environment, &s, &e), 0);
        assert_non_null(settings_find(s, "flag"));
        (void)snprintf(want, sizeof(want), "%s/config.json", place->root.path);
        assert_string_equal(s->path, want);
        settings_release(s);
        assert_int_equal(load(NULL, environment, &s, &e), 0);
        assert_non_null(settings_find(s, "named"));
        settings_release(s);
        environment[1] = NULL;
        assert_int_equal(load("", environment, &s, &e), 0);
        assert_non_null(settings_find(s, "xdg"));
        settings_release(s);
        (void)snprintf(xdg, sizeof(xdg), "HOME=%s/home", place->root.path);
        assert_int_equal(mkdir("home", 0700) | mkdir("home/.config", 0700) | mkdir("home/.config/keyfob", 0700), 0);
        write_file("home/.config/keyfob/config.json", "{\"profiles\": {\"home\": {" KEYS_BODY "}}}");
        assert_int_equal(load(NULL, environment, &s, &e), 0);
        assert_non_null(settings_find(s, "home"));
        settings_release(s);

        // one that is named must be there
        s = NULL;
        assert_int_equal(load("missing.json", environment, &s, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.message, "/missing.json"));
        assert_int_equal(load("d", environment, &s, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_null(s);
}

// Everything that a profile names must be a file, but the token, which may appear later.
static void test_files(void **state)
{
        const struct place *place = *state;
        static const struct {
                const char *text, *fault; // NULL: good
        } t[] = {
            {WEB_BODY, NULL},
            {WEB_BODY ", \"ca_bundle\": \"ca.pem\"", NULL},
            {WEB_BODY ", \"ca_bundle\": \"no.pem\"", "profiles.p.ca_bundle: found \"%s/d/no.pem\" (No such file"},
            {WEB_BODY ", \"ca_bundle\": \"dir\"", "ca_bundle: found \"%s/d/dir\" (it is a directory)"},
            {WEB_BODY ", \"ca_bundle\": \"fifo\"", "(it is not a regular file)"},
            {ANYWHERE_BODY, NULL},
            {ANYWHERE_BODY ", \"private_key\": \"no.key\"", "profiles.p.private_key: found \"%s/d/no.key\""},
            {ANYWHERE_BODY ", \"certificate_chain\": \"no\"", "profiles.p.certificate_chain: found"},
            {ANYWHERE_BODY ", \"private_key_passphrase_file\": \"no\"",
             "profiles.p.private_key_passphrase_file: found"},
            {"\"type\": \"static\", \"access_key_id_file\": \"key\", \"secret_access_key_file\": \"key\"", NULL},
            {"\"type\": \"static\", \"access_key_id_file\": \"key\", \"secret_access_key_file\": \"no\"",
             "profiles.p.secret_access_key_file: found \"%s/d/no\""},
            {"\"type\": \"static\", \"secret_access_key_file\": \"wJalrXUtnFEMIxK7MDENGxbPxRfiCYEXAMPLEKEY\"",
             "what looks like a secret"},
        };
        char *environment[] = {(char[]){"AWS_REGION=us-east-1"}, NULL};
        assert_int_equal(mkdir("d", 0700) | mkdir("d/dir", 0700) | mkfifo("d/fifo", 0600), 0);
        write_file("d/ca.pem", "");
        write_file("d/c.pem", "");
        write_file("d/key", "");
        for (size_t i = 0; i < ROWS(t); i++) {
                char text[1024], fault[256];
                struct settings *s = NULL;
                struct error e;
                (void)snprintf(text, sizeof(text), "{\"profiles\": {\"p\": {%s}}}", t[i].text);
                write_file("d/config.json", text);
                int r = load("d/config.json", environment, &s, &e);
                if (t[i].fault) {
                        const char *mark = strstr(t[i].fault, "%s");
                        (void)snprintf(fault, sizeof(fault), "%.*s%s%s",
                                       mark ? (int)(mark - t[i].fault) : (int)strlen(t[i].fault), t[i].fault,
                                       mark ? place->root.path : "", mark ? mark + 2 : "");
                        if (r == 0 || !strstr(e.message, fault) || strstr(e.message, "wJalr") || !e.hint[0])
                                fail_msg("row %zu: %s, wants %s", i, e.message, fault);
                        assert_int_equal(e.kind, ERROR_CONFIG);
                        assert_null(s);
                } else if (r < 0) {
                        fail_msg("row %zu: %s", i, e.message);
                }
                settings_release(s);
        }
}

static void test_ca_of_environment(void **state)
{
        (void)state;
        char *environment[] = {(char[]){"AWS_REGION=us-east-1"}, (char[]){"AWS_CA_BUNDLE=ca.pem"}, NULL};
        struct settings *s = NULL;
        struct error e;
        write_file("config.json", "{\"profiles\": {\"p\": {" WEB_BODY "}, \"q\": {" WEB_BODY "}}}");
        assert_int_equal(load("config.json", environment, &s, &e), -1);
        assert_non_null(strstr(e.message, "environment: AWS_CA_BUNDLE: found \"/tmp/"));
        write_file("ca.pem", "");
        assert_int_equal(load("config.json", environment, &s, &e), 0);
        assert_ptr_equal(settings_find(s, "p")->ca_bundle, settings_find(s, "q")->ca_bundle);
        settings_release(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            IN_PLACE(test_which_file),
            IN_PLACE(test_files),
            IN_PLACE(test_ca_of_environment),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
