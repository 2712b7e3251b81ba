// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/endpoints.h"

#include "tests/unit/config/support.h"

static void test_regional(void **state)
{
        (void)state;
        static const struct {
                const char *prefix, *region, *want;
        } t[] = {
            {"sts", "us-east-1", "https://sts.us-east-1.amazonaws.com"},
            {"sts", "mx-central-1", "https://sts.mx-central-1.amazonaws.com"},
            {"sts", "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"},
            {"sts", "us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com"},
            {"sts", "us-iso-east-1", "https://sts.us-iso-east-1.c2s.ic.gov"},
            {"sts", "us-isob-west-1", "https://sts.us-isob-west-1.sc2s.sgov.gov"},
            {"sts", "eu-isoe-west-1", "https://sts.eu-isoe-west-1.cloud.adc-e.uk"},
            {"sts", "us-isof-south-1", "https://sts.us-isof-south-1.csp.hci.ic.gov"},
            {"rolesanywhere", "eusc-de-east-1", "https://rolesanywhere.eusc-de-east-1.amazonaws.eu"},
            {"rolesanywhere", "ap-southeast-7", "https://rolesanywhere.ap-southeast-7.amazonaws.com"},
            {"sts", "xx-new-1", "https://sts.xx-new-1.amazonaws.com"},
            {"sts", "cn-north-x", "https://sts.cn-north-x.amazonaws.com"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char url[ENDPOINTS_URL_SIZE];
                assert_int_equal(endpoints_regional(t[i].prefix, slice_str(t[i].region), url, sizeof(url)), 0);
                assert_string_equal(url, t[i].want);
        }
}

static void test_regional_refuses(void **state)
{
        (void)state;
        char url[ENDPOINTS_URL_SIZE];
        assert_int_equal(endpoints_regional("sts", SLICE("us-east-1.evil.example/"), url, sizeof(url)), -EINVAL);
        assert_int_equal(endpoints_regional("sts", SLICE(""), url, sizeof(url)), -EINVAL);
        assert_int_equal(endpoints_regional("sts", SLICE("us-east-1"), url, 35), -ENAMETOOLONG);
        assert_int_equal(endpoints_regional("sts", SLICE("us-east-1"), url, 36), 0);
}

static void test_is_region(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                bool want;
        } t[] = {
            {"us-east-1", true},
            {"aws-global", true},
            {"a", true},
            {"1", true},
            {"", false},
            {"-a", false},
            {"a-", false},
            {"us_east_1", false},
            {"us.east", false},
            {"us-east-1/", false},
            {"us east", false},
            {"us-east-1\n", false},
            {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123", true},
            {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234", false},
        };
        for (size_t i = 0; i < ROWS(t); i++)
                if (endpoints_is_region(slice_str(t[i].text)) != t[i].want)
                        fail_msg("%s", t[i].text);
}

static void test_global(void **state)
{
        (void)state;
        assert_string_equal(endpoints_global_region(SLICE("aws-global")), "us-east-1");
        assert_string_equal(endpoints_global_region(SLICE("aws-cn-global")), "cn-northwest-1");
        assert_string_equal(endpoints_global_region(SLICE("aws-iso-f-global")), "us-isof-south-1");
        assert_null(endpoints_global_region(SLICE("us-east-1")));
        assert_null(endpoints_global_region(SLICE("")));
        assert_string_equal(endpoints_dns_suffix(SLICE("aws-cn-global")), "amazonaws.com.cn");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_regional),
            cmocka_unit_test(test_regional_refuses),
            cmocka_unit_test(test_is_region),
            cmocka_unit_test(test_global),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
