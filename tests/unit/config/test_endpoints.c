// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/endpoints.h"

#include "tests/unit/config/support.h"

// All of these names are AWS's own (computed by botocore from the rule sets): plain, FIPS, dual-stack, both.
static void test_resolve(void **state)
{
        (void)state;
        static const struct {
                enum endpoints_service service;
                const char *region, *want[4];
        } t[] = {
            {ENDPOINTS_STS,
             "us-east-1",
             {"sts.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com", "sts.us-east-1.api.aws",
              "sts-fips.us-east-1.api.aws"}},
            {ENDPOINTS_STS,
             "cn-north-1",
             {"sts.cn-north-1.amazonaws.com.cn", "sts-fips.cn-north-1.amazonaws.com.cn",
              "sts.cn-north-1.api.amazonwebservices.com.cn", "sts-fips.cn-north-1.api.amazonwebservices.com.cn"}},
            {ENDPOINTS_STS,
             "us-gov-west-1",
             {"sts.us-gov-west-1.amazonaws.com", "sts.us-gov-west-1.amazonaws.com", "sts.us-gov-west-1.api.aws",
              "sts-fips.us-gov-west-1.api.aws"}},
            {ENDPOINTS_STS,
             "us-isob-west-1",
             {"sts.us-isob-west-1.sc2s.sgov.gov", "sts-fips.us-isob-west-1.sc2s.sgov.gov",
              "sts.us-isob-west-1.api.aws.scloud", "sts-fips.us-isob-west-1.api.aws.scloud"}},
            {ENDPOINTS_STS,
             "cn-north-x", // of no known form
             {"sts.cn-north-x.amazonaws.com", "sts-fips.cn-north-x.amazonaws.com", "sts.cn-north-x.api.aws",
              "sts-fips.cn-north-x.api.aws"}},
            {ENDPOINTS_ROLESANYWHERE,
             "us-gov-east-1",
             {"rolesanywhere.us-gov-east-1.amazonaws.com", "rolesanywhere-fips.us-gov-east-1.amazonaws.com",
              "rolesanywhere.us-gov-east-1.api.aws", "rolesanywhere-fips.us-gov-east-1.api.aws"}},
            {ENDPOINTS_ROLESANYWHERE,
             "eusc-de-east-1",
             {"rolesanywhere.eusc-de-east-1.amazonaws.eu", "rolesanywhere-fips.eusc-de-east-1.amazonaws.eu",
              "rolesanywhere.eusc-de-east-1.api.amazonwebservices.eu",
              "rolesanywhere-fips.eusc-de-east-1.api.amazonwebservices.eu"}},
            {ENDPOINTS_SECRETS_MANAGER,
             "ap-southeast-7",
             {"secretsmanager.ap-southeast-7.amazonaws.com", "secretsmanager-fips.ap-southeast-7.amazonaws.com",
              "secretsmanager.ap-southeast-7.amazonaws.com", "secretsmanager-fips.ap-southeast-7.amazonaws.com"}},
            {ENDPOINTS_SECRETS_MANAGER,
             "us-gov-west-1",
             {"secretsmanager.us-gov-west-1.amazonaws.com", "secretsmanager-fips.us-gov-west-1.amazonaws.com",
              "secretsmanager.us-gov-west-1.amazonaws.com", "secretsmanager-fips.us-gov-west-1.amazonaws.com"}},
            {ENDPOINTS_SECRETS_MANAGER,
             "cn-north-1",
             {"secretsmanager.cn-north-1.amazonaws.com.cn", "secretsmanager-fips.cn-north-1.amazonaws.com.cn",
              "secretsmanager.cn-north-1.amazonaws.com.cn",
              "secretsmanager-fips.cn-north-1.api.amazonwebservices.com.cn"}},
            {ENDPOINTS_SECRETS_MANAGER,
             "us-iso-east-1",
             {"secretsmanager.us-iso-east-1.c2s.ic.gov", "secretsmanager-fips.us-iso-east-1.c2s.ic.gov",
              "secretsmanager.us-iso-east-1.api.aws.ic.gov", "secretsmanager-fips.us-iso-east-1.api.aws.ic.gov"}},
            {ENDPOINTS_SSO,
             "us-gov-west-1",
             {"portal.sso.us-gov-west-1.amazonaws.com", "portal.sso.us-gov-west-1.amazonaws.com",
              "portal.sso.us-gov-west-1.api.aws", "portal.sso-fips.us-gov-west-1.api.aws"}},
            {ENDPOINTS_SIGNIN,
             "us-gov-west-1",
             {"us-gov-west-1.signin.amazonaws-us-gov.com", "signin-fips.amazonaws-us-gov.com",
              "signin.us-gov-west-1.api.aws", "signin-fips.us-gov-west-1.api.aws"}},
            {ENDPOINTS_SIGNIN,
             "us-gov-east-1",
             {"us-gov-east-1.signin.amazonaws-us-gov.com", "us-gov-east-1.signin-fips.amazonaws-us-gov.com",
              "signin.us-gov-east-1.api.aws", "signin-fips.us-gov-east-1.api.aws"}},
            {ENDPOINTS_SIGNIN,
             "cn-north-1",
             {"cn-north-1.signin.amazonaws.cn", "signin-fips.cn-north-1.amazonaws.com.cn",
              "signin.cn-north-1.api.amazonwebservices.com.cn", "signin-fips.cn-north-1.api.amazonwebservices.com.cn"}},
            {ENDPOINTS_SSO_OIDC,
             "eu-isoe-west-1",
             {"oidc.eu-isoe-west-1.cloud.adc-e.uk", "oidc-fips.eu-isoe-west-1.cloud.adc-e.uk",
              "oidc.eu-isoe-west-1.api.cloud-aws.adc-e.uk", "oidc-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk"}},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                for (unsigned variant = 0; variant < 4; variant++) {
                        char url[ENDPOINTS_URL_SIZE], want[ENDPOINTS_URL_SIZE];
                        (void)snprintf(want, sizeof(want), "https://%s", t[i].want[variant]);
                        assert_int_equal(
                            endpoints_resolve(t[i].service, slice_str(t[i].region), variant, url, sizeof(url)), 0);
                        assert_string_equal(url, want);
                }
        }
}

static void test_resolve_refuses(void **state)
{
        (void)state;
        char url[ENDPOINTS_URL_SIZE];
        assert_int_equal(endpoints_resolve(ENDPOINTS_STS, SLICE("us-east-1.evil.example/"), 0, url, sizeof(url)),
                         -EINVAL);
        assert_int_equal(endpoints_resolve(ENDPOINTS_STS, SLICE(""), 0, url, sizeof(url)), -EINVAL);
        assert_int_equal(endpoints_resolve(ENDPOINTS_STS, SLICE("us-east-1"), 0, url, 35), -ENAMETOOLONG);
        assert_int_equal(endpoints_resolve(ENDPOINTS_STS, SLICE("us-east-1"), 0, url, 36), 0);
}

static void test_longest(void **state)
{
        (void)state;
        char url[ENDPOINTS_URL_SIZE];
        static const char longest[] = "cn-aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefffffff-12";
        assert_int_equal(sizeof(longest) - 1, 63);
        assert_int_equal(endpoints_resolve(ENDPOINTS_ROLESANYWHERE, slice_str(longest),
                                           ENDPOINTS_FIPS | ENDPOINTS_DUALSTACK, url, sizeof(url)),
                         0);
        assert_non_null(strstr(url, "-12.api.amazonwebservices.com.cn"));
}

static void test_sts_legacy(void **state)
{
        (void)state;
        assert_true(endpoints_is_sts_legacy(SLICE("us-west-2")));
        assert_true(endpoints_is_sts_legacy(SLICE("aws-global")));
        assert_false(endpoints_is_sts_legacy(SLICE("eu-south-1")));
        assert_false(endpoints_is_sts_legacy(SLICE("us-west-22")));
        assert_false(endpoints_is_sts_legacy(SLICE("")));
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
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_resolve),    cmocka_unit_test(test_resolve_refuses), cmocka_unit_test(test_longest),
            cmocka_unit_test(test_sts_legacy), cmocka_unit_test(test_is_region),       cmocka_unit_test(test_global),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
