// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/folder.h"
#include "tests/unit/unit.h"

static void put(const char *path, const char *text)
{
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fputs(text, file) >= 0, 1);
        assert_int_equal(fclose(file), 0);
}

static void expect(const char *path, const char *text)
{
        char got[256] = "";
        FILE *file = fopen(path, "re");
        assert_non_null(file);
        got[fread(got, 1, sizeof(got) - 1, file)] = '\0';
        (void)fclose(file);
        assert_string_equal(got, text);
}

static void appends_after_an_empty_line(void **state)
{
        static const struct {
                const char *before, *after;
        } t[] = {
            {"", "more\n"},
            {"a", "a\n\nmore\n"},
            {"a\n", "a\n\nmore\n"},
            {"a\n\n", "a\n\nmore\n"},
            {"\xff\r\n", "\xff\r\n\nmore\n"},
        };
        struct folder folder;
        struct config_file file;
        struct stat about;
        char path[96];
        (void)state;
        folder_make(&folder);
        folder_name(&folder, "config", path, sizeof(path));
        for (size_t i = 0; i < LENGTH(t); i++) {
                put(path, t[i].before);
                assert_int_equal(chmod(path, 0640), 0);
                assert_int_equal(config_file_read(path, &file), 0);
                assert_true(slice_eq(buffer_slice(&file.text), slice_str(t[i].before)));
                assert_int_equal(config_file_append(&file, SLICE("more\n")), 0);
                config_file_free(&file);
                expect(path, t[i].after);
                assert_int_equal(stat(path, &about), 0);
                assert_int_equal(about.st_mode & 07777, 0640);
        }
        (void)unlink(path);
        folder_remove(&folder);
}

static void makes_the_file_and_its_folder(void **state)
{
        struct folder folder;
        struct config_file file;
        struct stat about;
        char inner[96], path[128];
        (void)state;
        folder_make(&folder);
        folder_name(&folder, "aws", inner, sizeof(inner));
        (void)snprintf(path, sizeof(path), "%s/config", inner);
        assert_int_equal(config_file_read(path, &file), 0);
        assert_false(file.exists);
        assert_int_equal(config_file_append(&file, SLICE("more\n")), 0);
        config_file_free(&file);
        expect(path, "more\n");
        assert_int_equal(stat(path, &about), 0);
        assert_int_equal(about.st_mode & 07777, 0600);
        assert_int_equal(stat(inner, &about), 0);
        assert_int_equal(about.st_mode & 07777, 0700);
        (void)unlink(path);
        (void)rmdir(inner);
        folder_remove(&folder);
}

static void writes_nothing_over_a_change(void **state)
{
        struct folder folder;
        struct config_file file;
        char path[96];
        (void)state;
        folder_make(&folder);
        folder_name(&folder, "config", path, sizeof(path));
        put(path, "before\n");
        assert_int_equal(config_file_read(path, &file), 0);
        put(path, "changed by somebody\n");
        assert_int_equal(config_file_append(&file, SLICE("more\n")), -ESTALE);
        expect(path, "changed by somebody\n");
        (void)unlink(path);
        assert_int_equal(config_file_append(&file, SLICE("more\n")), -ESTALE);
        config_file_free(&file);
        assert_int_equal(config_file_read(path, &file), 0);
        put(path, "new\n");
        assert_int_equal(config_file_append(&file, SLICE("more\n")), -ESTALE);
        expect(path, "new\n");
        config_file_free(&file);
        (void)unlink(path);
        folder_remove(&folder); // fails where a temporary file is left
}

static void follows_links_and_refuses_what_is_no_file(void **state)
{
        struct folder folder;
        struct config_file file;
        char path[96], link[96];
        (void)state;
        folder_make(&folder);
        folder_name(&folder, "real", path, sizeof(path));
        folder_name(&folder, "link", link, sizeof(link));
        assert_int_equal(symlink("real", link), 0);
        assert_int_equal(config_file_read(link, &file), -ENOENT); // it leads nowhere
        config_file_free(&file);
        put(path, "a\n");
        assert_int_equal(config_file_read(link, &file), 0);
        assert_int_equal(config_file_append(&file, SLICE("b\n")), 0);
        config_file_free(&file);
        expect(path, "a\n\nb\n");
        assert_int_equal(config_file_read("/dev/null", &file), -EINVAL);
        config_file_free(&file);
        assert_int_equal(config_file_read("/dev/null/x", &file), -ENOTDIR);
        config_file_free(&file);
        (void)unlink(link);
        (void)unlink(path);
        folder_remove(&folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(appends_after_an_empty_line),
            cmocka_unit_test(makes_the_file_and_its_folder),
            cmocka_unit_test(writes_nothing_over_a_change),
            cmocka_unit_test(follows_links_and_refuses_what_is_no_file),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
