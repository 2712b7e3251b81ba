// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/cache_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/keyfob-cache-file-XXXXXX";

static int make_folder(void **state)
{
        (void)state;
        return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
        (void)state;
        return rmdir(folder);
}

static void written_whole_and_private(void **state)
{
        (void)state;
        char path[256];
        struct stat st;
        struct error e;
        struct buffer text;
        (void)snprintf(path, sizeof(path), "%s/a/b/c.json", folder);
        buffer_init(&text, 64);
        assert_int_equal(cache_file_read(path, "cache file", &text, &e), 0);
        assert_int_equal(text.n, 0);
        assert_int_equal(cache_file_write(path, "cache file", SLICE("{\"a\":1}"), &e), 0);
        assert_int_equal(cache_file_read(path, "cache file", &text, &e), 0);
        assert_string_equal(buffer_c_str(&text), "{\"a\":1}");
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        ino_t before = st.st_ino;
        assert_int_equal(cache_file_write(path, "cache file", SLICE("{}"), &e), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_not_equal(st.st_ino, before);
        assert_int_equal(st.st_size, 2);
        buffer_free(&text);
        assert_int_equal(unlink(path), 0);
        (void)snprintf(path, sizeof(path), "%s/a/b", folder);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        assert_int_equal(rmdir(path), 0); // nothing is left beside it
        (void)snprintf(path, sizeof(path), "%s/a", folder);
        assert_int_equal(rmdir(path), 0);
}

static void folder_that_is_none(void **state)
{
        (void)state;
        struct error e;
        struct buffer text;
        buffer_init(&text, 64);
        assert_int_equal(cache_file_write("/dev/null/x/y.json", "cache file", SLICE("{}"), &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.message, "/dev/null/x/y.json"));
        assert_int_equal(cache_file_read("/dev/null/x/y.json", "cache file", &text, &e), 0);
        assert_int_equal(text.n, 0);
        assert_int_equal(cache_file_read("/dev/null", "cache file", &text, &e), -1);
        buffer_free(&text);
}

static void one_renews_at_a_time(void **state)
{
        (void)state;
        char path[256];
        struct error e;
        (void)snprintf(path, sizeof(path), "%s/t.json", folder);
        assert_int_equal(cache_file_lock(path), -ENOENT);
        assert_int_equal(cache_file_write(path, "cache file", SLICE("{}"), &e), 0);
        int lock = cache_file_lock(path);
        assert_true(lock >= 0);
        assert_int_equal(cache_file_lock(path), -EWOULDBLOCK);
        // Replaced by the one who holds it: free for others, on the new file.
        assert_int_equal(cache_file_write(path, "cache file", SLICE("{}"), &e), 0);
        int next = cache_file_lock(path);
        assert_true(next >= 0);
        assert_int_equal(close(next), 0);
        assert_int_equal(close(lock), 0);
        assert_int_equal(unlink(path), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(written_whole_and_private),
            cmocka_unit_test(folder_that_is_none),
            cmocka_unit_test(one_renews_at_a_time),
        };
        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
