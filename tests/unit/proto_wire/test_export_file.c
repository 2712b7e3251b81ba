// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/export_file.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "proto/mem/length.h"
#include "tests/unit/folder.h"

enum { PATH_SIZE = 128 };

static bool is_watched; // the writing
static unsigned writes;

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
// Nobody else may read what is not whole, nor has its group yet; and short writes go on.
ssize_t __wrap_write(int fd, const void *p, size_t n) // in the place of write(), by the linker
{
        struct stat about;
        if (!is_watched)
                return __real_write(fd, p, n);
        assert_int_equal(fstat(fd, &about), 0);
        assert_int_equal(about.st_mode & 07777, 0600);
        if (++writes % 2 == 1) {
                errno = EINTR;
                return -1;
        }
        return __real_write(fd, p, 1);
}

struct place {
        struct folder folder;
        char path[PATH_SIZE], temporary[PATH_SIZE];
};

static struct place make_place(void)
{
        struct place p;
        folder_make(&p.folder);
        folder_name(&p.folder, "keys", p.path, sizeof(p.path));
        folder_name(&p.folder, ".keys.keyfob", p.temporary, sizeof(p.temporary));
        return p;
}

static int put(const struct place *p, const char *text, const char **what)
{
        const struct export_file file = {.path = p->path, .mode = 0640};
        return export_file_replace(&file, slice_str(text), what);
}

static int take_away(const struct place *p, const char **what)
{
        const struct export_file file = {.path = p->path};
        return export_file_remove(&file, what);
}

static void assert_content(int fd, const char *expected)
{
        char text[64];
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        assert_true(n >= 0);
        text[n] = '\0';
        assert_string_equal(text, expected);
}

static void assert_file(const char *path, const char *expected)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_content(fd, expected);
        assert_int_equal(close(fd), 0);
}

static bool is_there(const char *path)
{
        struct stat about;
        return lstat(path, &about) == 0;
}

static void replaces_the_whole_file(void **state)
{
        struct place p = make_place();
        const char *what = NULL;
        struct stat about;
        (void)state;
        assert_int_equal(put(&p, "the first, which is longer", &what), 0);
        assert_int_equal(stat(p.path, &about), 0);
        assert_int_equal(about.st_mode & 07777, 0640);
        int reader = open(p.path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(put(&p, "the second", &what), 0);
        assert_content(reader, "the first, which is longer");
        assert_file(p.path, "the second");
        assert_false(is_there(p.temporary));
        assert_int_equal(close(reader), 0);
        assert_int_equal(take_away(&p, &what), 0);
        assert_int_equal(take_away(&p, &what), 0); // there is none
        folder_remove(&p.folder);
}

static void sets_the_group(void **state)
{
        struct place p = make_place();
        const char *what = NULL;
        struct stat about;
        struct export_file file = {.path = p.path, .mode = 0640, .has_gid = true, .gid = getgid()};
        (void)state;
        assert_int_equal(export_file_replace(&file, SLICE("x"), &what), 0);
        assert_int_equal(stat(p.path, &about), 0);
        assert_int_equal(about.st_gid, getgid());
        if (geteuid() == 0) {
                file.gid = 12345;
                assert_int_equal(export_file_replace(&file, SLICE("y"), &what), 0);
                assert_int_equal(stat(p.path, &about), 0);
                assert_int_equal(about.st_gid, 12345);
        }
        folder_remove_all(&p.folder);
}

static void writes_in_private(void **state)
{
        struct place p = make_place();
        const char *what = NULL;
        (void)state;
        write_file(p.temporary, "left behind");
        assert_int_equal(chmod(p.temporary, 0666), 0);
        is_watched = true;
        int r = put(&p, "abc", &what);
        is_watched = false;
        assert_int_equal(r, 0);
        assert_int_equal(writes, 6);
        assert_file(p.path, "abc");
        folder_remove_all(&p.folder);
}

// What a process left there that was killed.
static void writes_over_what_was_left_behind(void **state)
{
        struct place p = make_place();
        const char *what = NULL;
        struct stat about;
        (void)state;
        write_file(p.temporary, "half of something that is much longer");
        assert_int_equal(chmod(p.temporary, 0666), 0);
        assert_int_equal(put(&p, "whole", &what), 0);
        assert_file(p.path, "whole");
        assert_int_equal(stat(p.path, &about), 0);
        assert_int_equal(about.st_mode & 07777, 0640);
        assert_false(is_there(p.temporary));
        write_file(p.temporary, "half");
        assert_int_equal(take_away(&p, &what), 0);
        folder_remove(&p.folder);
}

static void leaves_the_file_that_another_process_writes(void **state)
{
        struct place p = make_place();
        const char *what = NULL;
        (void)state;
        int other = open(p.temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(flock(other, LOCK_EX), 0);
        assert_int_equal(put(&p, "x", &what), -EAGAIN);
        assert_string_equal(what, "make a temporary file beside it");
        assert_int_equal(take_away(&p, &what), 0);
        assert_true(is_there(p.temporary));
        assert_false(is_there(p.path));
        assert_int_equal(close(other), 0);
        assert_int_equal(put(&p, "x", &what), 0);
        folder_remove_all(&p.folder);
}

static void make_directory(const struct place *p)
{
        assert_int_equal(mkdir(p->path, 0700), 0);
}

static void make_link(const struct place *p)
{
        write_file("/tmp/keyfob-test-target", "untouched");
        assert_int_equal(symlink("/tmp/keyfob-test-target", p->path), 0);
}

static void make_dangling_link(const struct place *p)
{
        assert_int_equal(symlink("/nonexistent/x", p->path), 0);
}

static void make_fifo(const struct place *p)
{
        assert_int_equal(mkfifo(p->path, 0600), 0);
}

static void make_temporary_link(const struct place *p)
{
        write_file("/tmp/keyfob-test-target", "untouched");
        assert_int_equal(symlink("/tmp/keyfob-test-target", p->temporary), 0);
}

static void make_temporary_directory(const struct place *p)
{
        assert_int_equal(mkdir(p->temporary, 0700), 0);
}

static void make_temporary_fifo(const struct place *p)
{
        assert_int_equal(mkfifo(p->temporary, 0600), 0);
}

// A second name of a file elsewhere.
static void make_temporary_hard_link(const struct place *p)
{
        char other[PATH_SIZE];
        folder_name(&p->folder, "other", other, sizeof(other));
        write_file(other, "untouched");
        assert_int_equal(link(other, p->temporary), 0);
}

static void remove_directory(const struct place *p)
{
        assert_int_equal(rmdir(p->folder.path), 0);
}

static void refuses_what_it_may_not_replace(void **state)
{
        static const struct {
                void (*make)(const struct place *);
                int result;
                const char *what;
                bool is_target; // … at the path itself
        } faults[] = {
            {make_directory, -EISDIR, "replace what is not a regular file", true},
            {make_link, -ELOOP, "replace a symbolic link", true},
            {make_dangling_link, -ELOOP, "replace a symbolic link", true},
            {make_fifo, -EINVAL, "replace what is not a regular file", true},
            {make_temporary_link, -ELOOP, "make a temporary file beside it", false},
            {make_temporary_directory, -EISDIR, "make a temporary file beside it", false},
            {make_temporary_fifo, -ENXIO, "make a temporary file beside it", false},
            {make_temporary_hard_link, -EPERM, "make a temporary file beside it", false},
            {remove_directory, -ENOENT, "open its directory", false},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(faults); i++) {
                struct place p = make_place();
                const char *what = NULL;
                faults[i].make(&p);
                assert_int_equal(put(&p, "x", &what), faults[i].result);
                assert_string_equal(what, faults[i].what);
                assert_int_equal(is_there(p.path), faults[i].is_target);
                what = NULL;
                int expected = faults[i].is_target ? faults[i].result : 0;
                assert_int_equal(take_away(&p, &what), expected);
                assert_int_equal(is_there(p.path), faults[i].is_target);
                if (faults[i].make == make_link || faults[i].make == make_temporary_link) {
                        assert_file("/tmp/keyfob-test-target", "untouched");
                        assert_int_equal(unlink("/tmp/keyfob-test-target"), 0);
                }
                if (faults[i].make != remove_directory)
                        folder_remove_all(&p.folder);
        }
}

static void refuses_a_leftover_of_another_user(void **state)
{
        struct place p = make_place();
        const char *what = NULL;
        (void)state;
        if (geteuid() != 0)
                skip();
        write_file(p.temporary, "theirs");
        assert_int_equal(chown(p.temporary, 12345, 12345), 0);
        assert_int_equal(put(&p, "x", &what), -EPERM);
        assert_file(p.temporary, "theirs");
        folder_remove_all(&p.folder);
}

static void keeps_the_old_file_on_a_full_disk(void **state)
{
        struct place p = make_place();
        const char *what = NULL;
        struct rlimit before, small;
        (void)state;
        assert_int_equal(put(&p, "old", &what), 0);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        small = before;
        small.rlim_cur = 4;
        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        int r = put(&p, "longer than that", &what);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(r, -EFBIG);
        assert_string_equal(what, "write it");
        assert_file(p.path, "old");
        assert_false(is_there(p.temporary));
        folder_remove_all(&p.folder);
}

static void leaves_files_of_others(void **state)
{
        static const struct {
                const char *text;
                bool is_ours;
        } rows[] = {{"", true},
                    {"# written by keyfob; and more", true},
                    {"export AWS_ACCESS_KEY_ID='A'\n", true},
                    {"set -gx AWS_ACCESS_KEY_ID 'A'\n", true},
                    {"$Env:AWS_ACCESS_KEY_ID = 'A'\n", true},
                    {"{\"Version\":1,\"AccessKeyId\":\"A\"}", true},
                    {"{\"Credentials\":{\"AccessKeyId\":\"A\"}}", true},
                    {"# written by keyfo", false},
                    {"\n", false},
                    {"[default]\naws_access_key_id = A\n", false}};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct place p = make_place();
                const char *what = NULL;
                const struct export_file file = {.path = p.path, .mode = 0600, .keeps_others = true};
                const char *text = "# written by keyfob";
                write_file(p.path, rows[i].text);
                assert_int_equal(export_file_replace(&file, slice_str(text), &what), rows[i].is_ours ? 0 : -EEXIST);
                assert_file(p.path, rows[i].is_ours ? text : rows[i].text);
                assert_int_equal(export_file_remove(&file, &what), rows[i].is_ours ? 0 : -EEXIST);
                assert_int_equal(is_there(p.path), !rows[i].is_ours);
                folder_remove_all(&p.folder);
        }
}

static void tells_what_has_ended(void **state)
{
        static const struct {
                const char *text;
                bool has_ended;
        } rows[] = {
            {"# written by keyfob; these credentials end at 2026-09-01T12:00:00Z\n", true},
            {"# written by keyfob; these credentials end at 2026-09-01T12:00:01Z\n", false},
            {"# written by keyfob\n", false},
            {"# not by keyfob; these credentials end at 2026-09-01T12:00:00Z\n", false},
            {"", false},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct place p = make_place();
                write_file(p.path, rows[i].text);
                assert_int_equal(export_file_has_ended(p.path, 1788264000), rows[i].has_ended);
                assert_false(export_file_has_ended(p.folder.path, 1788264000));
                assert_false(export_file_has_ended(p.temporary, 1788264000)); // is not there
                assert_int_equal(symlink(p.path, p.temporary), 0);
                assert_false(export_file_has_ended(p.temporary, 1788264000));
                folder_remove_all(&p.folder);
        }
}

static void takes_paths_of_any_form(void **state)
{
        struct place p = make_place();
        const char *what = NULL;
        char name[300];
        struct export_file file = {.path = name, .mode = 0600};
        (void)state;
        int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(chdir(p.folder.path), 0);
        (void)snprintf(name, sizeof(name), "%s", "keys");
        assert_int_equal(export_file_replace(&file, SLICE("x"), &what), 0);
        assert_file(p.path, "x");
        (void)snprintf(name, sizeof(name), "%s", "./");
        assert_int_equal(export_file_replace(&file, SLICE("x"), &what), -EISDIR);
        memset(name, 'a', 248); // with its dots and "keyfob" too long for a name
        name[248] = '\0';
        assert_int_equal(export_file_replace(&file, SLICE("x"), &what), -ENAMETOOLONG);
        name[247] = '\0';
        assert_int_equal(export_file_replace(&file, SLICE("x"), &what), 0);
        assert_int_equal(fchdir(before), 0);
        assert_int_equal(close(before), 0);
        (void)snprintf(name, sizeof(name), "%s", "/nonexistent-keyfob-test/x");
        assert_int_equal(export_file_replace(&file, SLICE("x"), &what), -ENOENT);
        assert_int_equal(export_file_remove(&file, &what), 0);
        folder_remove_all(&p.folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(replaces_the_whole_file),
            cmocka_unit_test(sets_the_group),
            cmocka_unit_test(writes_in_private),
            cmocka_unit_test(writes_over_what_was_left_behind),
            cmocka_unit_test(leaves_the_file_that_another_process_writes),
            cmocka_unit_test(refuses_what_it_may_not_replace),
            cmocka_unit_test(refuses_a_leftover_of_another_user),
            cmocka_unit_test(keeps_the_old_file_on_a_full_disk),
            cmocka_unit_test(leaves_files_of_others),
            cmocka_unit_test(tells_what_has_ended),
            cmocka_unit_test(takes_paths_of_any_form),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
