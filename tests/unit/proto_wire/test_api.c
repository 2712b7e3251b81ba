// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/api.h"

#include <errno.h>
#include <stdio.h>

#include "proto/wire/limits.h"
#include "tests/unit/unit.h"

static void test_error_texts(void **state)
{
        (void)state;
        for (unsigned i = 0; i < API_ERROR_COUNT; i++) {
                const struct api_error_text *text = api_error_text((enum api_error)i);
                assert_non_null(text);
                assert_non_null(text->title);
                assert_true(text->status >= 400 && text->status < 600);
                for (const char *c = text->code; *c; c++)
                        assert_true((*c >= 'a' && *c <= 'z') || *c == '_');
                for (unsigned j = 0; j < i; j++)
                        assert_string_not_equal(text->code, api_error_text((enum api_error)j)->code);
        }
        assert_string_equal(api_error_text(API_CREDENTIALS_UNAVAILABLE)->code, "credentials_unavailable");
        assert_string_equal(api_error_text(API_CREDENTIALS_UNAVAILABLE)->title, "Credentials unavailable");
        assert_int_equal(api_error_text(API_CREDENTIALS_UNAVAILABLE)->status, 503);
}

static bool never(const char *path)
{
        (void)path;
        return false;
}

static bool only_in_run_user(const char *path)
{
        return strcmp(path, "/run/user/1/keyfob/keyfob.sock") == 0;
}

static void test_socket_path(void **state)
{
        static const struct {
                const char *flag, *variable, *xdg;
                bool (*exists)(const char *path);
                const char *want;
        } rows[] = {
            {"/a", "/b", "/c", NULL, "/a"},
            {NULL, "/b", "/c", NULL, "/b"},
            {"", "/b", "/c", never, "/b"},
            {NULL, NULL, "/c", NULL, "/c/keyfob/keyfob.sock"},
            {NULL, "", "/run/user/1", only_in_run_user, "/run/user/1/keyfob/keyfob.sock"},
            {NULL, NULL, "/run/user/2", only_in_run_user, API_DEFAULT_SOCKET},
            {NULL, NULL, NULL, NULL, API_DEFAULT_SOCKET},
            {"", "", "", never, API_DEFAULT_SOCKET},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char path[LIMIT_UNIX_PATH + 1];
                assert_int_equal(
                    api_socket_path(rows[i].flag, rows[i].variable, rows[i].xdg, rows[i].exists, path, sizeof(path)),
                    0);
                assert_string_equal(path, rows[i].want);
        }
}

static void test_socket_path_length(void **state)
{
        char path[LIMIT_UNIX_PATH + 1];
        char name[LIMIT_UNIX_PATH + 2];
        (void)state;
        memset(name, 'x', sizeof(name));
        name[LIMIT_UNIX_PATH] = 0;
        assert_int_equal(api_socket_path(name, NULL, NULL, NULL, path, sizeof(path)), 0);
        assert_string_equal(path, name);
        assert_int_equal(api_socket_path(NULL, NULL, name, NULL, path, sizeof(path)), -ENAMETOOLONG);
        assert_int_equal(api_socket_path(NULL, NULL, name, never, path, sizeof(path)), 0);
        name[LIMIT_UNIX_PATH] = 'x';
        name[LIMIT_UNIX_PATH + 1] = 0;
        assert_int_equal(api_socket_path(name, NULL, NULL, NULL, path, sizeof(path)), -ENAMETOOLONG);
        assert_int_equal(api_socket_path(NULL, name, NULL, NULL, path, sizeof(path)), -ENAMETOOLONG);
}

static void test_profile_names(void **state)
{
        static const struct {
                const char *name;
                bool valid;
        } rows[] = {
            {"default", true}, {"tenant-a", true}, {"a.b_c@d+e", true}, {"AZ09", true},      {"two words", true},
            {"x", true},       {"", false},        {" a", false},       {"a ", false},       {" ", false},
            {"a/b", false},    {"a:b", false},     {"a\nb", false},     {"\xc3\xa4", false}, {"a%20b", false},
        };
        char name[LIMIT_PROFILE_NAME + 1];
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                assert_int_equal(api_is_profile_name(slice_str(rows[i].name)), rows[i].valid);
        memset(name, 'x', sizeof(name));
        assert_true(api_is_profile_name(slice_of(name, LIMIT_PROFILE_NAME)));
        assert_false(api_is_profile_name(slice_of(name, LIMIT_PROFILE_NAME + 1)));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_error_texts),
            cmocka_unit_test(test_socket_path),
            cmocka_unit_test(test_socket_path_length),
            cmocka_unit_test(test_profile_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
