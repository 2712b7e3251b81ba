// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/env.h"

#include <stddef.h>

#include "tests/unit/unit.h"

static void test_get(void **state)
{
        char *entries[] = {"AWS_REGION=us-east-1", "EMPTY=", "AWS=short", "NOTHING", "EQUALS=a=b", "AWS=second", NULL};
        struct env env;
        (void)state;
        env_init(&env, entries);
        assert_string_equal(env_get(&env, "AWS_REGION"), "us-east-1");
        assert_string_equal(env_get(&env, "AWS"), "short");
        assert_string_equal(env_get(&env, "EQUALS"), "a=b");
        assert_null(env_get(&env, "EMPTY"));
        assert_null(env_get(&env, "NOTHING"));
        assert_null(env_get(&env, "AWS_REGIO"));
        assert_null(env_get(&env, "AWS_REGION_"));
        assert_ptr_equal(env_get(&env, "AWS_REGION"), entries[0] + sizeof("AWS_REGION=") - 1); // borrowed
}

static void test_no_environment(void **state)
{
        struct env env;
        (void)state;
        env_init(&env, NULL);
        assert_null(env_get(&env, "HOME"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_get),
            cmocka_unit_test(test_no_environment),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
