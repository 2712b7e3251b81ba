// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/sts_endpoint.h"

#include "sidecar/config/endpoints.h"
#include "tests/unit/config/support.h"

static void finds_the_regional_endpoint(void **state)
{
        static const struct {
                enum profile_type type;
                const char *issuer_region, *profile_region, *region, *own;
                unsigned variant;
                const char *url, *signed_for; // NULL: none
        } t[] = {
            {PROFILE_STATIC, NULL, "eu-west-1", "", NULL, 0, "https://sts.eu-west-1.amazonaws.com", "eu-west-1"},
            {PROFILE_STATIC, NULL, "eu-west-1", "cn-north-1", NULL, 0, "https://sts.cn-north-1.amazonaws.com.cn",
             "cn-north-1"},
            {PROFILE_ASSUME_ROLE, "us-west-2", "eu-west-1", "", NULL, 0, "https://sts.us-west-2.amazonaws.com",
             "us-west-2"},
            {PROFILE_WEB_IDENTITY, "us-west-2", "eu-west-1", "", NULL, 0, "https://sts.us-west-2.amazonaws.com",
             "us-west-2"},
            {PROFILE_WEB_IDENTITY, "us-west-2", "eu-west-1", "eu-west-3", NULL, 0,
             "https://sts.eu-west-3.amazonaws.com", "eu-west-3"},
            {PROFILE_ROLES_ANYWHERE, "us-west-2", "eu-west-1", "", NULL, 0, "https://sts.eu-west-1.amazonaws.com",
             "eu-west-1"},
            {PROFILE_STATIC, NULL, "us-east-1", "", NULL, ENDPOINTS_FIPS, "https://sts-fips.us-east-1.amazonaws.com",
             "us-east-1"},
            {PROFILE_STATIC, NULL, "us-east-1", "", "http://127.0.0.1:1", 0, "http://127.0.0.1:1", "us-east-1"},
            {PROFILE_STATIC, NULL, "us-east-1", "aws-global", NULL, 0, "https://sts.us-east-1.amazonaws.com",
             "us-east-1"},
            {PROFILE_STATIC, NULL, NULL, "", NULL, 0, NULL, NULL},
            {PROFILE_STATIC, NULL, NULL, "", "http://127.0.0.1:1", 0, NULL, NULL},
            {PROFILE_STATIC, NULL, NULL, "a.b", NULL, 0, NULL, NULL},
            {PROFILE_STATIC, NULL, NULL, "us-east-1-fips", NULL, 0, NULL, NULL},
            {PROFILE_STATIC, NULL, NULL, "a23456789-123456789-123456789-123456789-123456789-123456789-1234", NULL, 0,
             NULL, NULL},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct error e = {.kind = ERROR_NONE};
                struct web_identity_endpoint at;
                const struct profile p = {
                    .type = t[i].type,
                    .issuer_region = (char *)(uintptr_t)t[i].issuer_region,
                    .region = (char *)(uintptr_t)t[i].profile_region,
                    .sts = {.endpoint_url = (char *)(uintptr_t)t[i].own, .variant = t[i].variant}};
                int r = sts_endpoint_of(&p, slice_str(t[i].region), &at, &e);
                if ((r == 0) != (t[i].url != NULL))
                        fail_msg("row %zu: %s", i, e.message);
                if (r < 0) {
                        assert_int_equal(e.kind, ERROR_CONFIG);
                        continue;
                }
                assert_string_equal(at.url, t[i].url);
                assert_string_equal(at.region, t[i].signed_for);
        }
}

static void a_fault_is_reported_where_it_matters(void **state)
{
        struct error e = {.kind = ERROR_NONE};
        struct web_identity_endpoint at;
        const struct profile p = {.region = (char[]){"us-east-1"}, .sts.fault = (char[]){"no such URL"}};
        (void)state;
        assert_int_equal(sts_endpoint_of(&p, SLICE(""), &at, &e), -1);
        assert_non_null(strstr(e.message, "no such URL"));
}

static void a_url_that_does_not_fit_is_refused(void **state)
{
        struct error e = {.kind = ERROR_NONE};
        struct web_identity_endpoint at;
        char url[WEB_IDENTITY_URL_SIZE + 1];
        const struct profile p = {.region = (char[]){"us-east-1"}, .sts.endpoint_url = url};
        (void)state;
        for (size_t n = WEB_IDENTITY_URL_SIZE - 1; n <= WEB_IDENTITY_URL_SIZE; n++) {
                memset(url, 'a', n);
                url[n] = '\0';
                assert_int_equal(sts_endpoint_of(&p, SLICE(""), &at, &e), n < WEB_IDENTITY_URL_SIZE ? 0 : -1);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(finds_the_regional_endpoint),
            cmocka_unit_test(a_fault_is_reported_where_it_matters),
            cmocka_unit_test(a_url_that_does_not_fit_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
