// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/exec_environment.h"

#include "tests/unit/memory_scan.h"
#include "tests/unit/unit.h"

enum { ENTRIES_MAX = 8 };

static void replaces_and_removes(void **state)
{
        static const struct {
                const char *inherited[ENTRIES_MAX];
                struct exec_variable variables[ENTRIES_MAX];
                const char *want[ENTRIES_MAX];
        } rows[] = {
            {{NULL}, {{0}}, {NULL}},
            {{"A=1", "B=", "C", "", "=x", "D=a=b"}, {{0}}, {"A=1", "B=", "C", "", "=x", "D=a=b"}},
            {{"A=1", "B=2"}, {{"B", "3"}}, {"A=1", "B=3"}},
            {{"B=1", "A=1", "B=2"}, {{"B", "3"}}, {"A=1", "B=3"}}, // twice
            {{"A=1", "B=2"}, {{"B", NULL}, {"A", ""}}, {NULL}},
            {{"AB=1", "A"}, {{"A", "2"}}, {"AB=1", "A=2"}},
            {{"AWS_PROFILE=x", "AWS_PROFILES=y", "aws_profile=z"}, {{0}}, {"AWS_PROFILES=y", "aws_profile=z"}},
            {{"AWS_BEARER_TOKEN_BEDROCK=x", "AWS_BEARER_TOKEN_=y", "AWS_BEARER_TOKEN=z"},
             {{0}},
             {"AWS_BEARER_TOKEN=z"}},
            {{"AWS_SESSION_TOKEN=x"}, {{"AWS_SESSION_TOKEN", "y"}}, {"AWS_SESSION_TOKEN=y"}},
            {{"AWS_REGION=x", "AWS_CONFIG_FILE=y", "AWS_CA_BUNDLE=z"},
             {{0}},
             {"AWS_REGION=x", "AWS_CONFIG_FILE=y", "AWS_CA_BUNDLE=z"}},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct exec_environment e;
                char *inherited[ENTRIES_MAX + 1] = {0};
                size_t count = 0, n = 0;
                for (size_t j = 0; j < ENTRIES_MAX; j++)
                        inherited[j] = (char *)(uintptr_t)rows[i].inherited[j];
                while (rows[i].variables[count].name)
                        count++;
                assert_int_equal(exec_environment_new(inherited, rows[i].variables, count, &e), 0);
                for (; rows[i].want[n]; n++) {
                        assert_non_null(e.list[n]);
                        assert_string_equal(e.list[n], rows[i].want[n]);
                }
                assert_null(e.list[n]);
                exec_environment_free(&e);
                assert_null(e.list);
        }
}

// Each variable that makes an SDK take other credentials, by the documentation of the SDKs.
static void removes_other_credentials(void **state)
{
        static const char *const names[] = {
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_SECURITY_TOKEN",
            "AWS_ACCESS_KEY",
            "AWS_SECRET_KEY",
            "AMAZON_ACCESS_KEY_ID",
            "AMAZON_SECRET_ACCESS_KEY",
            "AMAZON_SESSION_TOKEN",
            "AWS_CREDENTIAL_EXPIRATION",
            "AWS_SESSION_EXPIRATION",
            "AWS_ACCOUNT_ID",
            "AWS_CREDENTIAL_SCOPE",
            "AWS_PROFILE",
            "AWS_DEFAULT_PROFILE",
            "AWS_CREDENTIAL_FILE",
            "AWS_ROLE_ARN",
            "AWS_ROLE_SESSION_NAME",
            "AWS_EXTERNAL_ID",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_BEARER_TOKEN_BEDROCK",
            "AWS_VAULT",
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(names); i++) {
                struct exec_environment e;
                char entry[128];
                char *inherited[] = {entry, NULL};
                (void)snprintf(entry, sizeof(entry), "%s=x", names[i]);
                assert_int_equal(exec_environment_new(inherited, NULL, 0, &e), 0);
                if (e.list[0])
                        fail_msg("%s is inherited", names[i]);
                exec_environment_free(&e);
        }
}

static void keeps_no_value(void **state)
{
        char secret[] = "SECRET-THAT-IS-IN-THE-ENVIRONMENT", none[] = "";
        char *inherited[] = {none, NULL};
        struct exec_environment e;
        (void)state;
        struct needle needle = needle_take("the value", secret, sizeof(secret) - 1);
        needle_write(&needle, secret);
        assert_int_equal(exec_environment_new(inherited, &(struct exec_variable){"A", secret}, 1, &e), 0);
        explicit_bzero(secret, sizeof(secret));
        assert_somewhere(&needle);
        exec_environment_free(&e);
        assert_nowhere(&needle);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(replaces_and_removes),
            cmocka_unit_test(removes_other_credentials),
            cmocka_unit_test(keeps_no_value),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
