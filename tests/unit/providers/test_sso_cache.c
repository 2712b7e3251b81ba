// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sidecar/config/profile.h"

static void names_are_those_of_the_aws_cli(void **state)
{
        (void)state;
        struct profile p = {.sso = {.session = (char *)"my-sso",
                                    .start_url = (char *)"https://d-1234567890.awsapps.com/start",
                                    .cache_directory = (char *)"/h/.aws/sso/cache"}};
        struct error e;
        char *path = NULL;
        assert_int_equal(sso_cache_path(&p, slice_str(sso_cache_token_key(&p)), &path, &e), 0);
        assert_string_equal(path, "/h/.aws/sso/cache/0ad374308c5a4e22f723adf10145eafad7c4031c.json");
        free(path);
        p.sso.session = NULL;
        assert_int_equal(sso_cache_path(&p, slice_str(sso_cache_token_key(&p)), &path, &e), 0);
        assert_string_equal(path, "/h/.aws/sso/cache/7487b5b67d5fa1132cf33fa93ae51ef38cc37752.json");
        free(path);
        p.sso.cache_directory = NULL;
        assert_int_equal(sso_cache_path(&p, slice_str(sso_cache_token_key(&p)), &path, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.hint, "HOME"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_those_of_the_aws_cli)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
