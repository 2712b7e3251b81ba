// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/aws_files.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/wire/limits.h"
#include "tests/unit/folder.h"
#include "tests/unit/unit.h"

static void finds_a_default_with_credentials(void **state)
{
        static const struct {
                const char *text;
                bool has, boto_has;
        } rows[] = {
            {"", false, false},
            {"[default]", false, false},
            {"[default]\nregion = x\noutput = json\ns3 =\n  addressing_style = path\n", false, false},
            {"[default]\naws_access_key_id = x\n", true, false},
            {"[default]\naws_secret_access_key=x", true, false},
            {"[default]\ncredential_process: x\n", true, false},
            {"[default]\ncredential_source = Environment\n", true, false},
            {"[default]\nlogin_session = x\n", true, false},
            {"[default]\nrole_arn = x\n", true, false},
            {"[default]\nsource_profile = x\n", true, false},
            {"[default]\nsso_account_id = x\n", true, false},
            {"[default]\nsso_role_name = x\n", true, false},
            {"[default]\nsso_session = x\n", true, false},
            {"[default]\nsso_start_url = x\n", true, false},
            {"[default]\nweb_identity_token_file = x\n", true, false},
            {"[profile default]\nrole_arn = x\n", true, false},
            {"[profile 'default']\nrole_arn = x\n", true, false},
            {"[profile\t\"default\" ] # x\r\nROLE_ARN=x\r\n", true, false},
            {" [ default ]\n role_arn = x\n", true, false},
            {"\xef\xbb\xbf[default]\nrole_arn = x\n", true, false},
            {"[default]\nregion = x\n  [other]\nrole_arn = x\n", true, false}, // a value of two lines
            {"[default\nrole_arn = x\n", true, false},
            {"[other]\nrole_arn = x\n[default]\nregion = x\n", false, false},
            {"[default]\nregion = x\n[profile other]\nrole_arn = x\n", false, false},
            {"[defaults]\nrole_arn = x\n", false, false},
            {"[profile defaults]\nrole_arn = x\n", false, false},
            {"[profiledefault]\nrole_arn = x\n", false, false},
            {"[sso-session default]\nsso_start_url = x\n", false, false},
            {"role_arn = x\n[default]\n", false, false},
            {"[default]\n# role_arn = x\n; role_arn = x\n", false, false},
            {"[default]\nrole_arn\n", false, false},
            {"[default]\nservices = role_arn\nx_role_arn = x\nrole_arn_x = x\n", false, false},
            {"[Credentials]\naws_access_key_id = x\n", false, true},
            {"[Boto]\nrole_arn = x\n", false, false},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct slice text = slice_str(rows[i].text);
                if (aws_files_text_has_default(AWS_FILE_CONFIG, text) != rows[i].has ||
                    aws_files_text_has_default(AWS_FILE_CREDENTIALS, text) != rows[i].has ||
                    aws_files_text_has_default(AWS_FILE_BOTO, text) != rows[i].boto_has)
                        fail_msg("%s", rows[i].text);
        }
}

static void finds_the_files_of_the_sdks(void **state)
{
        struct folder folder;
        char path[64];
        (void)state;
        folder_make(&folder);
        assert_int_equal(setenv("HOME", folder.path, 1), 0);
        for (enum aws_file file = 0; file < AWS_FILES_N; file++)
                assert_int_equal(unsetenv(aws_files_variable(file)), 0);
        assert_false(aws_files_have_default(AWS_FILE_CONFIG));
        folder_name(&folder, ".aws", path, sizeof(path));
        assert_int_equal(mkdir(path, 0700), 0);
        folder_name(&folder, ".aws/config", path, sizeof(path));
        write_file(path, "[default]\nrole_arn = x\n");
        assert_true(aws_files_have_default(AWS_FILE_CONFIG));
        assert_false(aws_files_have_default(AWS_FILE_CREDENTIALS));
        assert_int_equal(setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1), 0);
        assert_true(aws_files_have_default(AWS_FILE_CREDENTIALS));
        assert_int_equal(setenv("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/config", 1), 0);
        assert_true(aws_files_have_default(AWS_FILE_CREDENTIALS));
        assert_int_equal(setenv("AWS_SHARED_CREDENTIALS_FILE", folder.path, 1), 0);
        assert_false(aws_files_have_default(AWS_FILE_CREDENTIALS)); // a folder
        assert_int_equal(setenv("AWS_CONFIG_FILE", "/dev/null", 1), 0);
        assert_false(aws_files_have_default(AWS_FILE_CONFIG));
        write_file(path, "[x]\n");
        assert_int_equal(truncate(path, LIMIT_SHARED_FILE), 0);
        assert_int_equal(setenv("AWS_CONFIG_FILE", path, 1), 0);
        assert_false(aws_files_have_default(AWS_FILE_CONFIG));
        assert_int_equal(truncate(path, LIMIT_SHARED_FILE + 1), 0); // too large to read
        assert_true(aws_files_have_default(AWS_FILE_CONFIG));
        assert_int_equal(unsetenv("AWS_CONFIG_FILE"), 0);
        assert_int_equal(unsetenv("HOME"), 0);
        assert_true(aws_files_have_default(AWS_FILE_CONFIG));
        folder_remove_all(&folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(finds_a_default_with_credentials),
            cmocka_unit_test(finds_the_files_of_the_sdks),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
