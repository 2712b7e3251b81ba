// SPDX-License-Identifier: Apache-2.0
// What the built-in places hold differs from machine to machine, so only the rules above them are tested.
#include "sidecar/io/ca_system.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

// `name` in a new directory, as an empty file; an empty name makes none.
static void make_directory(char *path, const char *name)
{
        char file[128];
        (void)snprintf(path, 64, "/tmp/keyfob-ca-XXXXXX");
        assert_non_null(mkdtemp(path));
        if (name[0] == '\0')
                return;
        (void)snprintf(file, sizeof(file), "%s/%s", path, name);
        FILE *made = fopen(file, "we");
        assert_non_null(made);
        assert_int_equal(fclose(made), 0);
}

static void remove_directory(const char *path, const char *name)
{
        char file[128];
        (void)snprintf(file, sizeof(file), "%s/%s", path, name);
        if (name[0] != '\0')
                assert_int_equal(unlink(file), 0);
        assert_int_equal(rmdir(path), 0);
}

static int find(const char *file, const char *directory, struct ca_system *ret, struct error *e)
{
        char entries[2][512];
        char *list[3] = {0};
        size_t n = 0;
        struct env env;
        if (file) {
                (void)snprintf(entries[n], sizeof(entries[n]), "SSL_CERT_FILE=%s", file);
                list[n] = entries[n];
                n++;
        }
        if (directory) {
                (void)snprintf(entries[n], sizeof(entries[n]), "SSL_CERT_DIR=%s", directory);
                list[n] = entries[n];
        }
        env_init(&env, list);
        int r = ca_system_find(&env, NULL, ret, e);
        // Borrowed from the environment, which ends here.
        if (r == 0)
                *ret =
                    (struct ca_system){.directory = ret->directory ? directory : NULL, .file = ret->file ? file : NULL};
        return r;
}

static void test_file_goes_first(void **state)
{
        struct ca_system system;
        struct error e;
        (void)state;
        assert_int_equal(find("/a/bundle.pem", "/nowhere", &system, &e), 0);
        assert_string_equal(system.file, "/a/bundle.pem");
        assert_null(system.directory);
}

static void test_hash_links(void **state)
{
        static const struct {
                const char *name;
                bool counts;
        } rows[] = {{"5ed36f99.0", true},   {"00000000.12", true},
                    {"5ed36f99.r0", false}, {"5ed36f99", false},
                    {"5ed36f9.0", false},   {"5ed36f99.", false},
                    {"5ED36F99.0", false},  {"ca-certificates.crt", false},
                    {"15ed36f99.0", false}, {"", false}};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char path[64];
                struct ca_system system;
                struct error e;
                make_directory(path, rows[i].name);
                int r = find(NULL, path, &system, &e);
                remove_directory(path, rows[i].name);
                if (r != (rows[i].counts ? 0 : -1))
                        fail_msg("%s", rows[i].name);
                if (r < 0) {
                        assert_int_equal(e.kind, ERROR_CONFIG);
                        assert_non_null(strstr(e.message, path));
                        assert_non_null(strstr(e.hint, "openssl rehash"));
                } else {
                        assert_string_equal(system.directory, path);
                        assert_null(system.file);
                }
        }
}

static void test_several_directories(void **state)
{
        char path[64];
        char list[256];
        struct ca_system system;
        struct error e;
        (void)state;
        make_directory(path, "01234567.0");
        (void)snprintf(list, sizeof(list), "/nowhere::%s:/nowhere/else", path);
        assert_int_equal(find(NULL, list, &system, &e), 0);
        assert_string_equal(system.directory, list);
        remove_directory(path, "01234567.0");
        assert_int_equal(find(NULL, list, &system, &e), -1);
}

static void test_built_in_places(void **state)
{
        struct ca_system system;
        struct error e;
        struct env env;
        (void)state;
        env_init(&env, NULL);
        if (ca_system_find(&env, NULL, &system, &e) == 0) {
                assert_true((system.file != NULL) != (system.directory != NULL));
                assert_int_equal(access(system.file ? system.file : system.directory, R_OK), 0);
        } else {
                assert_int_equal(e.kind, ERROR_CONFIG);
                assert_int_equal(ca_system_find(&env, "/dev/null", &system, &e), 0); // there and readable
                assert_string_equal(system.file, "/dev/null");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_file_goes_first),
            cmocka_unit_test(test_hash_links),
            cmocka_unit_test(test_several_directories),
            cmocka_unit_test(test_built_in_places),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
