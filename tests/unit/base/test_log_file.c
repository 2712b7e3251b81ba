// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/log_file.h"

#include <sys/stat.h>

#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "tests/unit/folder.h"

static off_t size_of(const char *path)
{
        struct stat st;
        return lstat(path, &st) == 0 ? st.st_size : -1;
}

static void appends_to_what_is_there(void **state)
{
        (void)state;
        struct folder folder;
        struct log_file file;
        struct error e = {0};
        struct stat st;
        char path[64];
        folder_make(&folder);
        folder_name(&folder, "log", path, sizeof(path));
        for (off_t before = 0; before < 8; before += 4) {
                assert_int_equal(log_file_open(path, &file, &e), 0);
                assert_int_equal(file.size, before);
                assert_int_equal(write(file.fd, "abc\n", 4), 4);
                log_file_close(&file);
        }
        assert_int_equal(size_of(path), 8);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        folder_remove_all(&folder);
}

static void refuses_what_is_no_file_of_ours(void **state)
{
        (void)state;
        struct folder folder;
        struct log_file file;
        struct error e = {0};
        char path[64], link[64];
        folder_make(&folder);
        folder_name(&folder, "log", path, sizeof(path));
        folder_name(&folder, "link", link, sizeof(link));
        write_file(path, "x");
        assert_int_equal(symlink(path, link), 0);
        const char *const wrong[] = {link, folder.path, "/dev/null", "/nonexistent/log"};
        for (size_t i = 0; i < LENGTH(wrong); i++) {
                assert_int_equal(log_file_open(wrong[i], &file, &e), -1);
                assert_int_equal(file.fd, -1);
                assert_int_equal(e.kind, ERROR_CONFIG);
                assert_non_null(strstr(e.message, wrong[i]));
        }
        assert_int_equal(size_of(path), 1);
        folder_remove_all(&folder);
}

static int64_t no_time(void *context)
{
        (void)context;
        return 0;
}

// Through the log itself, which reports each line's size.
static void write_lines(struct log_file *file, size_t bytes)
{
        static char text[1001];
        struct clock clock = {.wall_ms = no_time, .speed = 1};
        struct log log = {.fd = file->fd, .level = LOG_LEVEL_INFO, .clock = &clock, .file = file};
        memset(text, 'x', sizeof(text) - 1);
        for (size_t written = 0; written < bytes; written += sizeof(text) - 1)
                LOG_EVENT(&log, LOG_LEVEL_INFO, "event", LOG_STR("text", text));
}

static void never_grows_beyond_two_files(void **state)
{
        (void)state;
        struct folder folder;
        struct log_file file;
        struct error e = {0};
        char path[64], before[64];
        folder_make(&folder);
        folder_name(&folder, "log", path, sizeof(path));
        folder_name(&folder, "log.1", before, sizeof(before));
        assert_int_equal(log_file_open(path, &file, &e), 0);
        write_lines(&file, LIMIT_LOG_FILE / 2);
        assert_int_equal(size_of(before), -1);
        int fd = file.fd;
        for (int i = 0; i < 3; i++) {
                write_lines(&file, LIMIT_LOG_FILE);
                assert_in_range(size_of(before), LIMIT_LOG_FILE, LIMIT_LOG_FILE + 2000);
                assert_in_range(size_of(path), 1, LIMIT_LOG_FILE);
                assert_int_equal(file.fd, fd); // of which the log has a copy
                assert_int_equal(file.size, size_of(path));
        }
        log_file_close(&file);
        folder_remove_all(&folder);
}

static void empties_a_file_that_cannot_be_replaced(void **state)
{
        (void)state;
        struct folder folder;
        struct log_file file;
        struct error e = {0};
        char path[64], before[64];
        folder_make(&folder);
        folder_name(&folder, "log", path, sizeof(path));
        folder_name(&folder, "log.1", before, sizeof(before));
        assert_int_equal(mkdir(before, 0700), 0);
        assert_int_equal(log_file_open(path, &file, &e), 0);
        write_lines(&file, LIMIT_LOG_FILE + LIMIT_LOG_FILE / 2);
        assert_in_range(size_of(path), 1, LIMIT_LOG_FILE);
        log_file_close(&file);
        folder_remove_all(&folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(appends_to_what_is_there),
            cmocka_unit_test(refuses_what_is_no_file_of_ours),
            cmocka_unit_test(never_grows_beyond_two_files),
            cmocka_unit_test(empties_a_file_that_cannot_be_replaced),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
