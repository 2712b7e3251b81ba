// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/hints.h"

#include "tests/unit/unit.h"

static void speaks_of_options(void **state)
{
        static const struct {
                const char *agent, *want;
        } rows[] = {
            {"", ""},
            {"check the trust policy", "check the trust policy"},
            {"ask again, or wait longer with ?wait=SECONDS (at most 60)",
             "run `keyfob wait --timeout 60s` first, or ask again"},
            {"give \"service\" and \"region\" in the request, or as defaults in the profile's \"sign\"",
             "give --service and --region, or as defaults in the profile's \"sign\""},
            {"GET /v1/profiles lists the profiles", "run `keyfob status` to list the profiles"},
            {"leave \"time\" out", "leave --time out"},
            {"\"method\" is missing or empty", "METHOD is missing or empty"},
        };
        char out[200];
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                hints_translate(rows[i].agent, out, sizeof(out));
                assert_string_equal(out, rows[i].want);
        }
}

static void cuts_what_is_too_long(void **state)
{
        char out[8];
        (void)state;
        hints_translate("\"time\" \"time\" \"time\"", out, sizeof(out));
        assert_string_equal(out, "--time ");
        hints_translate("123456\"time\"", out, sizeof(out));
        assert_string_equal(out, "123456-");
        hints_translate("12345678", out, sizeof(out));
        assert_string_equal(out, "1234567");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(speaks_of_options),
            cmocka_unit_test(cuts_what_is_too_long),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
