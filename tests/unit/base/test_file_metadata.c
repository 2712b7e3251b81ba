// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/file_metadata.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/folder.h"

struct place {
        struct folder folder;
        char file[64], other[64];
};

static void nothing(const struct place *p)
{
        (void)p;
}

static void rewrite(const struct place *p)
{
        write_file(p->file, "longer than before");
}

// The same bytes, another file.
static void replace(const struct place *p)
{
        write_file(p->other, "text");
        assert_int_equal(rename(p->other, p->file), 0);
}

static void touch(const struct place *p)
{
        static const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1}};
        assert_int_equal(utimensat(AT_FDCWD, p->file, times, 0), 0);
}

static void take_away(const struct place *p)
{
        assert_int_equal(unlink(p->file), 0);
}

static void make_a_folder_of_it(const struct place *p)
{
        assert_int_equal(unlink(p->file), 0);
        assert_int_equal(mkdir(p->file, 0700), 0);
}

static void point_elsewhere(const struct place *p)
{
        assert_int_equal(rename(p->file, p->other), 0);
        assert_int_equal(symlink(p->other, p->file), 0);
        write_file(p->other, "text, and more");
}

static void two_looks(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                void (*change)(const struct place *p);
                bool is_equal, is_there;
        } t[] = {
            {"nothing", nothing, true, true},
            {"rewritten", rewrite, false, true},
            {"replaced", replace, false, true},
            {"touched", touch, false, true},
            {"gone", take_away, false, false},
            {"a folder", make_a_folder_of_it, false, true},
            {"a link to another size", point_elsewhere, false, true},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct place p;
                folder_make(&p.folder);
                folder_name(&p.folder, "file", p.file, sizeof(p.file));
                folder_name(&p.folder, "other", p.other, sizeof(p.other));
                write_file(p.file, "text");
                struct file_metadata before = file_metadata(p.file);
                assert_true(before.is_there);
                assert_int_equal(before.size, 4);
                t[i].change(&p);
                struct file_metadata after = file_metadata(p.file);
                if (file_metadata_equal(&before, &after) != t[i].is_equal)
                        fail_msg("%s", t[i].name);
                assert_int_equal(after.is_there, t[i].is_there);
                folder_remove_all(&p.folder);
        }
}

static void what_is_not_there(void **state)
{
        (void)state;
        struct file_metadata none = file_metadata(NULL), missing = file_metadata("/nonexistent/file");
        assert_false(none.is_there);
        assert_true(file_metadata_equal(&none, &missing));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(two_looks),
            cmocka_unit_test(what_is_not_there),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
