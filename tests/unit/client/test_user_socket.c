// SPDX-License-Identifier: Apache-2.0
#include "clients/c/user_socket.h"

#include <sys/stat.h>

#include "tests/unit/folder.h"

static void trusts_private_directories_of_the_user(void **state)
{
        (void)state;
        struct folder folder;
        char path[64];
        folder_make(&folder);
        folder_name(&folder, "k.sock", path, sizeof(path));
        assert_false(user_socket_is_there(getuid(), path));
        write_file(path, "");
        assert_true(user_socket_is_there(getuid(), path));
        assert_false(user_socket_is_there(getuid() + 1, path));
        static const mode_t open_modes[] = {0710, 0701, 0770, 01777};
        for (size_t i = 0; i < LENGTH(open_modes); i++) {
                assert_int_equal(chmod(folder.path, open_modes[i]), 0);
                assert_false(user_socket_is_there(getuid(), path));
        }
        assert_int_equal(chmod(folder.path, 0700), 0);
        assert_false(user_socket_is_there(getuid(), "k.sock"));
        assert_false(user_socket_is_there(getuid(), "/k.sock"));
        folder_remove_all(&folder);
}

static void is_below_tmp_where_there_is_no_runtime_directory(void **state)
{
        (void)state;
        char path[LIMIT_UNIX_PATH + 1];
        assert_int_equal(user_socket_path(4294967294U, path), 0);
        assert_string_equal(path, "/tmp/keyfob-4294967294/keyfob.sock");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(trusts_private_directories_of_the_user),
            cmocka_unit_test(is_below_tmp_where_there_is_no_runtime_directory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
