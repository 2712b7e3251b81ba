// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/agent_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static void set(const char *name, const char *value)
{
        assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void finds_the_socket_by_the_rule_of_the_agent(void **state)
{
        (void)state;
        static const struct {
                const char *flag, *variable, *directory, *expected; // NULL: too long
        } rows[] = {
            {"/a", "/b", "/c", "/a"},
            {NULL, "/b", "/c", "/b"},
            {"", "", "/c", "/c/keyfob/keyfob.sock"},
            {"a", NULL, NULL, "/usr/a"},
            {NULL, "b/c", NULL, "/usr/b/c"},
            {NULL, NULL, "run", "/usr/run/keyfob/keyfob.sock"},
            {"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
             "aaaaaa",
             NULL, NULL, NULL},
        };
        assert_int_equal(chdir("/usr"), 0);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char path[LIMIT_UNIX_PATH + 1] = "";
                set("KEYFOB_SOCKET", rows[i].variable);
                set("XDG_RUNTIME_DIR", rows[i].directory);
                int r = agent_place_socket(rows[i].flag, path);
                assert_int_equal(r, rows[i].expected ? 0 : -ENAMETOOLONG);
                if (rows[i].expected)
                        assert_string_equal(path, rows[i].expected);
        }
}

static void prepares_the_environment(void **state)
{
        (void)state;
        static const struct {
                const char *variable, *expected; // NULL: it is removed
        } rows[] = {
            {"HOME=/h", "HOME=/h"},
            {"AWS_REGION=r", "AWS_REGION=r"},
            {"AWS_ACCESS_KEY_ID=a", NULL},
            {"AWS_SECRET_ACCESS_KEY=a", NULL},
            {"AWS_SESSION_TOKEN=a", NULL},
            {"AWS_SECURITY_TOKEN=a", NULL},
            {"AWS_CREDENTIAL_EXPIRATION=a", NULL},
            {"AWS_PROFILE=a", NULL},
            {"AWS_DEFAULT_PROFILE=a", NULL},
            {"AWS_PROFILES=a", "AWS_PROFILES=a"},
            {"KEYFOB_PROFILE=a", NULL},
            {"KEYFOB_SOCKET=/a", NULL},
            {"NOTIFY_SOCKET=/a", NULL},
            {"LISTEN_PID=1", NULL},
            {"LISTEN_FDS=1", NULL},
            {"LISTEN_FDNAMES=a", NULL},
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.2:1/", NULL},
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://[::1]:1/", NULL},
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost/", NULL},
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials",
             "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials"},
            {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x"},
            {"AWS_CONFIG_FILE=c", "AWS_CONFIG_FILE=/usr/c"},
            {"AWS_CONFIG_FILE=/c", "AWS_CONFIG_FILE=/c"},
            {"AWS_CONFIG_FILE=~/c", "AWS_CONFIG_FILE=~/c"},
            {"AWS_CONFIG_FILE=", "AWS_CONFIG_FILE="},
            {"AWS_SHARED_CREDENTIALS_FILE=c", "AWS_SHARED_CREDENTIALS_FILE=/usr/c"},
            {"AWS_CA_BUNDLE=c", "AWS_CA_BUNDLE=/usr/c"},
            {"AWS_WEB_IDENTITY_TOKEN_FILE=c", "AWS_WEB_IDENTITY_TOKEN_FILE=/usr/c"},
            {"KEYFOB_CONFIG=../c", "KEYFOB_CONFIG=/usr/../c"},
        };
        assert_int_equal(chdir("/usr"), 0);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char variable[128], last[] = "LAST=1";
                (void)snprintf(variable, sizeof(variable), "%s", rows[i].variable);
                char *const given[] = {variable, last, NULL};
                char **list = agent_place_environment(given);
                assert_non_null(list);
                size_t n = 0;
                if (rows[i].expected)
                        assert_string_equal(list[n++], rows[i].expected);
                assert_string_equal(list[n++], "LAST=1");
                assert_null(list[n]);
                agent_place_free(list);
        }
}

static void forgets_what_exec_set(void **state)
{
        static const struct {
                const char *variable;
                bool is_kept;
        } rows[] = {
            {"AWS_REGION=r", false},
            {"AWS_DEFAULT_REGION=r", false},
            {"AWS_CONTAINER_AUTHORIZATION_TOKEN=t", false},
            {"AWS_CONFIG_FILE=/dev/null", false},
            {"AWS_SHARED_CREDENTIALS_FILE=/dev/null", false},
            {"BOTO_CONFIG=/dev/null", false},
            {"AWS_CONFIG_FILE=/c", true},
            {"AWS_SHARED_CREDENTIALS_FILE=/c", true},
            {"AWS_ENDPOINT_URL=/dev/null", true},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                for (int in_exec = 0; in_exec < 2; in_exec++) {
                        char variable[128], mark[] = "KEYFOB_EXEC=p";
                        char *const given[] = {variable, in_exec ? mark : NULL, NULL};
                        (void)snprintf(variable, sizeof(variable), "%s", rows[i].variable);
                        char **list = agent_place_environment(given);
                        assert_non_null(list);
                        if (rows[i].is_kept || !in_exec) {
                                assert_non_null(list[0]);
                                assert_string_equal(list[0], rows[i].variable);
                        }
                        assert_null(list[rows[i].is_kept || !in_exec ? 1 : 0]);
                        agent_place_free(list);
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(finds_the_socket_by_the_rule_of_the_agent),
            cmocka_unit_test(prepares_the_environment),
            cmocka_unit_test(forgets_what_exec_set),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
