// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/authorization_token.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/folder.h"
#include "tests/unit/unit.h"

struct scene {
        struct folder folder;
        char path[128];
};

static int set_up(void **state)
{
        static struct scene s;
        folder_make(&s.folder);
        folder_name(&s.folder, "token", s.path, sizeof(s.path));
        *state = &s;
        return 0;
}

static int tear_down(void **state)
{
        struct scene *s = *state;
        unlink(s->path);
        folder_remove(&s->folder); // which has nothing else in it
        return 0;
}

static void put_file(const char *path, const char *text)
{
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void creates_what_is_missing(void **state)
{
        struct scene *s = *state;
        for (int has_gid = 0; has_gid < 2; has_gid++) {
                gid_t gid = geteuid() == 0 ? 4711 : getegid(); // only root may give it to another
                struct authorization_token_file file = {s->path, has_gid, gid};
                struct secret first = {NULL, 0}, second = {NULL, 0};
                struct error e = {0};
                struct stat st;
                mode_t before = umask(0777);
                int r = authorization_token_load(&file, &first, &e);
                umask(before);
                if (r < 0)
                        fail_msg("%s", e.message);
                assert_int_equal(stat(s->path, &st), 0);
                assert_int_equal(st.st_mode & 0777, has_gid ? 0640 : 0600);
                assert_int_equal(st.st_gid, has_gid ? gid : getegid());
                assert_int_equal(st.st_size, 64); // no line break
                assert_int_equal(st.st_nlink, 1);
                assert_int_equal(first.n, 64);
                assert_int_equal(authorization_token_load(&file, &second, &e), 0);
                assert_true(slice_eq(secret_expose(&first), secret_expose(&second)));
                unlink(s->path);
                secret_clear(&second);
                assert_int_equal(authorization_token_load(&file, &second, &e), 0);
                assert_false(slice_eq(secret_expose(&first), secret_expose(&second)));
                unlink(s->path);
                secret_clear(&first);
                secret_clear(&second);
        }
}

static void reads_what_is_there(void **state)
{
        struct scene *s = *state;
        static const struct {
                const char *text, *want; // NULL: refused
        } rows[] = {
            {"abc", "abc"}, {"abc\n", "abc"}, {" two words\r\n", "two words"}, {"a\nb", NULL}, {"", NULL},
            {"\n", NULL},   {"\x7f", NULL},   {"caf\xc3\xa9", NULL},           {"a\tb", NULL},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct secret got = {NULL, 0};
                struct error e = {0};
                put_file(s->path, rows[i].text);
                int r = authorization_token_load(&(struct authorization_token_file){.path = s->path}, &got, &e);
                assert_int_equal(r, rows[i].want ? 0 : -1);
                if (rows[i].want)
                        assert_slice(secret_expose(&got), rows[i].want);
                else
                        assert_true(e.kind == ERROR_CONFIG && strstr(e.message, s->path));
                secret_clear(&got);
        }
}

static void bounds_the_size(void **state)
{
        struct scene *s = *state;
        char text[4098];
        memset(text, 'x', sizeof(text));
        for (size_t n = 4096; n <= 4097; n++) {
                struct secret got = {NULL, 0};
                struct error e = {0};
                text[n] = '\0';
                put_file(s->path, text);
                text[n] = 'x';
                int r = authorization_token_load(&(struct authorization_token_file){.path = s->path}, &got, &e);
                assert_int_equal(r, n == 4096 ? 0 : -1);
                secret_clear(&got);
        }
}

static void says_why_it_cannot_create(void **state)
{
        struct scene *s = *state;
        char path[200];
        struct secret got = {NULL, 0};
        struct error e = {0};
        (void)snprintf(path, sizeof(path), "%s/none/token", s->folder.path);
        assert_int_equal(authorization_token_load(&(struct authorization_token_file){.path = path}, &got, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.message, "cannot create it: No such file"));
        assert_non_null(strstr(e.hint, "directory"));
        char *long_path = malloc(5000);
        memset(long_path, 'x', 4999);
        long_path[4999] = '\0';
        assert_int_equal(authorization_token_load(&(struct authorization_token_file){.path = long_path}, &got, &e), -1);
        free(long_path);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(creates_what_is_missing),
            TEST(reads_what_is_there),
            TEST(bounds_the_size),
            TEST(says_why_it_cannot_create),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
