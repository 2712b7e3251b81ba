// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/file.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define NOBODY 65534

struct fixture {
        char directory[64];
        char path[96];
        struct buffer text;
        struct error e;
};

static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        (void)snprintf(f->directory, sizeof(f->directory), "/tmp/keyfob-file-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        assert_int_equal(chmod(f->directory, 0755), 0);
        (void)snprintf(f->path, sizeof(f->path), "%s/token", f->directory);
        buffer_init(&f->text, 10000);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;
        buffer_free(&f->text);
        (void)unlink(f->path);
        (void)rmdir(f->path);
        assert_int_equal(rmdir(f->directory), 0);
        free(f);
        return 0;
}

static void put_file(const struct fixture *f, struct slice text)
{
        int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text.p, text.n), (ssize_t)text.n);
        assert_int_equal(close(fd), 0);
}

static void assert_refused(struct fixture *f, const char *text)
{
        buffer_put_str(&f->text, "left over");
        assert_int_equal(file_read(f->path, "token file", &f->text, &f->e), -1);
        assert_int_equal(f->e.kind, ERROR_CONFIG);
        if (!strstr(f->e.message, text) || !strstr(f->e.message, "token file") || !strstr(f->e.message, f->path))
                fail_msg("%s", f->e.message);
        assert_int_equal(f->text.n, 0);
}

static void reads_files_up_to_the_limit(void **state)
{
        static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 9999, 10000};
        struct fixture *f = *state;
        char text[10001];
        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = (char)('a' + i % 26);
        for (size_t i = 0; i < LENGTH(sizes); i++) {
                put_file(f, slice_of(text, sizes[i]));
                assert_int_equal(file_read(f->path, "token file", &f->text, &f->e), 0);
                assert_true(slice_eq(buffer_slice(&f->text), slice_of(text, sizes[i])));
        }
        put_file(f, slice_of(text, 10001));
        assert_refused(f, "is larger than 10000 bytes");
}

// Its size is not known beforehand.
static void reads_files_of_unknown_size(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(file_read("/proc/self/status", "status", &f->text, &f->e), 0);
        assert_true(slice_starts_with(buffer_slice(&f->text), SLICE("Name:")));
        struct buffer small;
        buffer_init(&small, 20);
        assert_int_equal(file_read("/proc/self/status", "status", &small, &f->e), -1);
        assert_non_null(strstr(f->e.message, "is larger than 20 bytes"));
        buffer_free(&small);
}

static void names_a_missing_file(void **state)
{
        struct fixture *f = *state;
        assert_refused(f, "does not exist");
        assert_non_null(strstr(f->e.hint, "path"));
}

static void refuses_a_directory(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(mkdir(f->path, 0700), 0);
        assert_refused(f, "is a directory");
        assert_int_not_equal(f->e.hint[0], '\0');
}

// Opening a pipe that nobody writes to must not wait for a writer.
static void refuses_a_pipe_without_waiting_for_a_writer(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(mkfifo(f->path, 0600), 0);
        assert_refused(f, "is not a regular file");
}

static void refuses_a_device(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(file_read("/dev/zero", "key", &f->text, &f->e), -1);
        assert_non_null(strstr(f->e.message, "is not a regular file"));
}

static void test_empty_device(void **state)
{
        struct fixture *f = *state;
        assert_true(file_is_empty_device("/dev/null"));
        assert_false(file_is_empty_device("/dev/zero"));
        assert_false(file_is_empty_device("/nothing/here"));
        assert_false(file_is_empty_device("/dev"));
        assert_int_equal(mkfifo(f->path, 0600), 0); // must not wait
        assert_false(file_is_empty_device(f->path));
        assert_int_equal(unlink(f->path), 0);
        assert_int_equal(symlink("/dev/null", f->path), 0);
        assert_true(file_is_empty_device(f->path));
}

static void follows_symbolic_links(void **state)
{
        struct fixture *f = *state;
        put_file(f, SLICE("value"));
        char name[128];
        (void)snprintf(name, sizeof(name), "%s/link", f->directory);
        assert_int_equal(symlink("token", name), 0); // as Kubernetes projects its volumes
        assert_int_equal(file_read(name, "token file", &f->text, &f->e), 0);
        assert_true(slice_eq(buffer_slice(&f->text), SLICE("value")));
        assert_int_equal(unlink(name), 0);
}

static int read_as_nobody(struct fixture *f)
{
        if (getuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
                return 2;
        if (file_read(f->path, "token file", &f->text, &f->e) == 0 || f->e.kind != ERROR_CONFIG)
                return 3;
        if (!strstr(f->e.message, "permission denied"))
                return 4;
        return strstr(f->e.hint, "mode 0000") && strstr(f->e.hint, "this process runs as uid") ? 0 : 5;
}

static void names_both_identities_if_a_file_is_unreadable(void **state)
{
        struct fixture *f = *state;
        put_file(f, SLICE("value"));
        assert_int_equal(chmod(f->path, 0), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(read_as_nobody(f));
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

static void trims_white_space(void **state)
{
        static const struct {
                const char *text, *want; // NULL: refused
        } rows[] = {{"abc", "abc"}, {"abc\n", "abc"}, {"\r\n \tabc d\r\n\n", "abc d"},
                    {" a", "a"},    {"a ", "a"},      {"", NULL},
                    {"\n", NULL},   {" \t\r\n", NULL}};
        struct fixture *f = *state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                put_file(f, slice_str(rows[i].text));
                int r = file_read_trimmed(f->path, "token file", &f->text, &f->e);
                assert_int_equal(r, rows[i].want ? 0 : -1);
                assert_true(slice_eq(buffer_slice(&f->text), slice_str(rows[i].want)));
                for (size_t at = f->text.n; at < strlen(rows[i].text); at++)
                        assert_int_equal(f->text.p[at], 0); // nothing is left behind the end
                if (r < 0) {
                        assert_int_equal(f->e.kind, ERROR_CONFIG);
                        assert_non_null(strstr(f->e.message, rows[i].text[0] ? "is blank" : "is empty"));
                }
        }
        assert_int_equal(unlink(f->path), 0);
        assert_int_equal(file_read_trimmed(f->path, "token file", &f->text, &f->e), -1);
        assert_non_null(strstr(f->e.message, "does not exist"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {TEST(reads_files_up_to_the_limit),
                                           TEST(reads_files_of_unknown_size),
                                           TEST(names_a_missing_file),
                                           TEST(refuses_a_directory),
                                           TEST(refuses_a_pipe_without_waiting_for_a_writer),
                                           TEST(refuses_a_device),
                                           TEST(test_empty_device),
                                           TEST(follows_symbolic_links),
                                           TEST(names_both_identities_if_a_file_is_unreadable),
                                           TEST(trims_white_space)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
