// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/shared_files.h"

#include "proto/mem/buffer.h"
#include "tests/unit/config/shared_support.h"

static int load_files(struct shared_files *f, const struct env *env, struct error *e)
{
        const struct reader r = {.working_directory = "/base", .env = env, .strings = &f->strings, .e = e};
        return shared_files_load(f, &r);
}

static const char *value(const struct shared_files *f, enum aws_section_kind kind, const char *name, const char *key)
{
        const struct aws_property *p = aws_section_get(shared_files_find(f, kind, name), key);
        return p ? p->value : "-";
}

static void test_merge(void **state)
{
        struct home *h = *state;
        struct shared_files f;
        struct error e;
        home_set(h,
                 "[profile b]\nx=1\nx=2\ny=config\n[default]\na=1\n[profile a]\nonly=config\n[services b]\nx=s\n"
                 "[profile b]\nX=3\nz=again\n",
                 "[b]\ny=credentials\n[c]\nonly=credentials\n[b]\nw=4\n[default]\nb=2\n", NULL);
        assert_int_equal(load_files(&f, &h->env, &e), 0);
        assert_string_equal(value(&f, AWS_SECTION_PROFILE, "b", "x"), "3");
        assert_string_equal(value(&f, AWS_SECTION_PROFILE, "b", "y"), "credentials");
        assert_string_equal(value(&f, AWS_SECTION_PROFILE, "b", "z"), "again");
        assert_string_equal(value(&f, AWS_SECTION_PROFILE, "b", "w"), "4");
        assert_string_equal(value(&f, AWS_SECTION_SERVICES, "b", "x"), "s");
        assert_string_equal(value(&f, AWS_SECTION_PROFILE, "a", "only"), "config");
        assert_string_equal(value(&f, AWS_SECTION_PROFILE, "c", "only"), "credentials");
        assert_string_equal(value(&f, AWS_SECTION_PROFILE, "default", "a"), "1");
        assert_string_equal(value(&f, AWS_SECTION_PROFILE, "default", "b"), "2");
        assert_null(shared_files_find(&f, AWS_SECTION_PROFILE, "B"));
        assert_null(shared_files_find(&f, AWS_SECTION_SSO_SESSION, "b"));
        assert_int_equal(f.ini.count, 5);
        shared_files_free(&f);
}

static void test_two_defaults(void **state)
{
        struct home *h = *state;
        struct shared_files f;
        struct error e;
        static const char *const orders[] = {"[profile default]\na=1\n[default]\na=2\nb=2\n",
                                             "[default]\na=2\nb=2\n[profile default]\na=1\n"};
        for (size_t i = 0; i < ROWS(orders); i++) {
                home_set(h, orders[i], "[default]\nc=3\n", NULL);
                assert_int_equal(load_files(&f, &h->env, &e), 0);
                assert_string_equal(value(&f, AWS_SECTION_PROFILE, "default", "a"), "1");
                assert_string_equal(value(&f, AWS_SECTION_PROFILE, "default", "b"), "-");
                assert_string_equal(value(&f, AWS_SECTION_PROFILE, "default", "c"), "3");
                shared_files_free(&f);
        }
}

static void test_paths(void **state)
{
        struct home *h = *state;
        struct error e;
        static const struct {
                const char *config, *credentials; // variables
                const char *expected_config, *expected_credentials;
                bool below_home;
        } t[] = {
            {NULL, NULL, "/.aws/config", "/.aws/credentials", true},
            {"AWS_CONFIG_FILE=~/x", "AWS_SHARED_CREDENTIALS_FILE=~/y/z", "/x", "/y/z", true},
            {"AWS_CONFIG_FILE=/etc/x", "AWS_SHARED_CREDENTIALS_FILE=y", "/etc/x", "/base/y", false},
            {"AWS_CONFIG_FILE=~x", "AWS_SHARED_CREDENTIALS_FILE=./~/y", "/base/~x", "/base/./~/y", false},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct shared_files f;
                char expected[128];
                home_set(h, NULL, NULL, (const char *const[]){t[i].config, t[i].credentials, NULL});
                assert_int_equal(load_files(&f, &h->env, &e), 0);
                (void)snprintf(expected, sizeof(expected), "%s%s", t[i].below_home ? h->folder.path : "",
                               t[i].expected_config);
                assert_string_equal(f.files[AWS_FILE_CONFIG].path, expected);
                (void)snprintf(expected, sizeof(expected), "%s%s", t[i].below_home ? h->folder.path : "",
                               t[i].expected_credentials);
                assert_string_equal(f.files[AWS_FILE_CREDENTIALS].path, expected);
                assert_false(f.files[AWS_FILE_CONFIG].is_there || f.files[AWS_FILE_CREDENTIALS].is_there);
                assert_int_equal(f.files[AWS_FILE_CONFIG].variable != NULL, t[i].config != NULL);
                assert_int_equal(f.ini.count, 0);
                shared_files_free(&f);
        }
}

static void test_no_home(void **state)
{
        struct shared_files f;
        struct error e;
        struct env env;
        char *environment[] = {NULL};
        (void)state;
        env_init(&env, environment);
        assert_int_equal(load_files(&f, &env, &e), 0);
        assert_null(f.files[AWS_FILE_CONFIG].path);
        assert_null(f.files[AWS_FILE_CREDENTIALS].path);
        shared_files_free(&f);
}

static void test_faults(void **state)
{
        struct home *h = *state;
        struct shared_files f;
        struct error e = {.kind = ERROR_NONE};
        char variable[128];
        home_set(h, "[default]\n", "[default]\naws_secret_access_key wJalrXUtnFEMI\n", NULL);
        assert_int_equal(load_files(&f, &h->env, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.message, "/.aws/credentials:2: "));
        assert_null(strstr(e.message, "wJalr"));
        shared_files_free(&f);

        (void)snprintf(variable, sizeof(variable), "AWS_CONFIG_FILE=%s/.aws", h->folder.path);
        home_set(h, NULL, NULL, (const char *const[]){variable, NULL});
        assert_int_equal(load_files(&f, &h->env, &e), -1);
        assert_non_null(strstr(e.message, "is a directory"));
        shared_files_free(&f);
}

static void test_devices(void **state)
{
        struct home *h = *state;
        struct shared_files f;
        struct error e = {.kind = ERROR_NONE};
        char path[128], variable[160];
        home_set(h, NULL, "[b]\n" KEYS, LIST("AWS_CONFIG_FILE=/dev/null"));
        assert_int_equal(load_files(&f, &h->env, &e), 0);
        assert_int_equal(f.ini.count, 1);
        assert_true(f.files[AWS_FILE_CONFIG].is_there && f.files[AWS_FILE_CONFIG].is_device);
        shared_files_free(&f);

        home_set(h, NULL, NULL, NULL); // a link may become a file again
        (void)snprintf(path, sizeof(path), "%s/.aws/config", h->folder.path);
        assert_int_equal(symlink("/dev/null", path), 0);
        assert_int_equal(load_files(&f, &h->env, &e), 0);
        assert_true(f.files[AWS_FILE_CONFIG].is_there && !f.files[AWS_FILE_CONFIG].is_device);
        shared_files_free(&f);
        assert_int_equal(unlink(path), 0);

        assert_int_equal(mkfifo(path, 0600), 0);
        (void)snprintf(variable, sizeof(variable), "AWS_CONFIG_FILE=%s", path);
        const char *const bad[] = {variable, "AWS_CONFIG_FILE=/dev/zero", "AWS_SHARED_CREDENTIALS_FILE=/dev/full"};
        for (size_t i = 0; i < ROWS(bad); i++) {
                struct env env;
                char *entries[] = {(char *)bad[i], NULL};
                env_init(&env, entries);
                assert_int_equal(load_files(&f, &env, &e), -1);
                assert_non_null(strstr(e.message, "is not a regular file"));
                shared_files_free(&f);
        }
        assert_int_equal(unlink(path), 0);
}

// Time and memory in proportion: with anything quadratic in it this would not end.
static void test_many(void **state)
{
        struct home *h = *state;
        struct shared_files f;
        struct error e;
        struct buffer text;
        buffer_init(&text, (size_t)4 * 1024 * 1024);
        for (unsigned i = 0; i < 60000; i++)
                (void)buffer_printf(&text, "[profile p%u]\nregion = eu-west-1\n", i % 50000);
        home_set(h, buffer_c_str(&text), "[p49999]\nregion = us-east-1\n", NULL);
        assert_int_equal(load_files(&f, &h->env, &e), 0);
        assert_int_equal(f.ini.count, 50000);
        assert_string_equal(value(&f, AWS_SECTION_PROFILE, "p9999", "region"), "eu-west-1");
        assert_string_equal(value(&f, AWS_SECTION_PROFILE, "p49999", "region"), "us-east-1");
        shared_files_free(&f);
        buffer_free(&text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            AT_HOME(test_merge),  AT_HOME(test_two_defaults), AT_HOME(test_paths), cmocka_unit_test(test_no_home),
            AT_HOME(test_faults), AT_HOME(test_devices),      AT_HOME(test_many),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
