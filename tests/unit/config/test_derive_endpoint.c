// SPDX-License-Identifier: Apache-2.0
// Whose word counts for an endpoint, for every service, and what is refused.
#include "sidecar/config/derive.h"

#include "tests/unit/config/support.h"

#define VARIABLES_MAX 4

// What one derivation starts from, and what it comes to.
struct wish {
        enum endpoints_service service;
        const char *region, *own, *shared;
        enum choice fips, dualstack;
        enum sts_regional_endpoints sts;
        const char *environment[VARIABLES_MAX];
};

struct outcome {
        struct arena strings;
        struct error e;
        char *region, *url;
};

static int derive(const struct wish *wish, struct outcome *ret)
{
        char memory[VARIABLES_MAX][128];
        char *environment[VARIABLES_MAX + 1] = {NULL};
        struct env env;
        struct profile p = {.name = (char[]){"p"}};
        *ret = (struct outcome){.region = NULL};
        arena_init(&ret->strings, false);
        for (size_t i = 0; i < VARIABLES_MAX && wish->environment[i]; i++) {
                (void)snprintf(memory[i], sizeof(memory[i]), "%s", wish->environment[i]);
                environment[i] = memory[i];
        }
        env_init(&env, environment);
        p.use_fips_endpoint = wish->fips;
        p.use_dualstack_endpoint = wish->dualstack;
        p.sts_regional_endpoints = wish->sts;
        struct reader reader = {
            .file = "environment", .working_directory = "/base", .env = &env, .strings = &ret->strings, .e = &ret->e};
        reader_init(&reader);
        assert_int_equal(reader_keep(&reader, slice_str(wish->region), &ret->region), 0);
        if (wish->own)
                assert_int_equal(reader_keep(&reader, slice_str(wish->own), &ret->url), 0);
        const struct derive_endpoint of = {wish->service, "sts_region", &ret->region, wish->shared, &ret->url};
        struct derive_choice choice;
        int r = derive_endpoint(&reader, JSON_NONE, &p, &of, &choice);
        reader_free(&reader);
        return r;
}

#define STS ENDPOINTS_STS
#define R "us-west-2"

static void test_taken(void **state)
{
        (void)state;
        static const struct {
                struct wish wish;
                const char *url, *region;
        } t[] = {
            // FIPS and dual-stack: the profile, else the environment
            {{.service = STS, .region = R, .fips = CHOICE_YES}, "https://sts-fips.us-west-2.amazonaws.com", R},
            {{.service = STS, .region = R, .dualstack = CHOICE_YES}, "https://sts.us-west-2.api.aws", R},
            {{.service = STS, .region = R, .environment = {"AWS_USE_FIPS_ENDPOINT=true"}},
             "https://sts-fips.us-west-2.amazonaws.com",
             R},
            {{.service = STS,
              .region = R,
              .environment = {"AWS_USE_DUALSTACK_ENDPOINT=TRUE", "AWS_USE_FIPS_ENDPOINT=True"}},
             "https://sts-fips.us-west-2.api.aws",
             R},
            {{.service = STS, .region = R, .environment = {"AWS_USE_FIPS_ENDPOINT=False"}},
             "https://sts.us-west-2.amazonaws.com",
             R},
            {{.service = STS, .region = R, .environment = {"AWS_USE_FIPS_ENDPOINT="}},
             "https://sts.us-west-2.amazonaws.com",
             R},
            {{.service = STS, .region = R, .fips = CHOICE_NO, .environment = {"AWS_USE_FIPS_ENDPOINT=true"}},
             "https://sts.us-west-2.amazonaws.com",
             R},
            {{.service = STS, .region = R, .fips = CHOICE_NO, .environment = {"AWS_USE_FIPS_ENDPOINT=perhaps"}},
             "https://sts.us-west-2.amazonaws.com",
             R},
            {{.service = ENDPOINTS_SSO, .region = R, .environment = {"AWS_USE_FIPS_ENDPOINT=true"}},
             "https://portal.sso-fips.us-west-2.amazonaws.com",
             R},
            // global names
            {{.service = STS, .region = "aws-global"}, "https://sts.amazonaws.com", "us-east-1"},
            {{.service = STS, .region = "aws-global", .fips = CHOICE_YES},
             "https://sts-fips.us-east-1.amazonaws.com",
             "us-east-1"},
            {{.service = STS, .region = "aws-us-gov-global"},
             "https://sts.us-gov-west-1.amazonaws.com",
             "us-gov-west-1"},
            {{.service = ENDPOINTS_ROLESANYWHERE, .region = "aws-global"},
             "https://rolesanywhere.us-east-1.amazonaws.com",
             "us-east-1"},
            {{.service = STS, .region = "aws-global", .own = "https://own.test"}, "https://own.test", "us-east-1"},
            // legacy
            {{.service = STS, .region = R, .sts = STS_ENDPOINTS_LEGACY}, "https://sts.amazonaws.com", "us-east-1"},
            {{.service = STS, .region = R, .environment = {"AWS_STS_REGIONAL_ENDPOINTS=legacy"}},
             "https://sts.amazonaws.com",
             "us-east-1"},
            {{.service = STS, .region = R, .environment = {"AWS_STS_REGIONAL_ENDPOINTS=regional"}},
             "https://sts.us-west-2.amazonaws.com",
             R},
            {{.service = STS,
              .region = R,
              .sts = STS_ENDPOINTS_REGIONAL,
              .environment = {"AWS_STS_REGIONAL_ENDPOINTS=legacy"}},
             "https://sts.us-west-2.amazonaws.com",
             R},
            {{.service = STS, .region = "eu-south-1", .sts = STS_ENDPOINTS_LEGACY},
             "https://sts.eu-south-1.amazonaws.com",
             "eu-south-1"},
            {{.service = STS, .region = R, .sts = STS_ENDPOINTS_LEGACY, .fips = CHOICE_YES},
             "https://sts-fips.us-west-2.amazonaws.com",
             R},
            {{.service = STS, .region = R, .sts = STS_ENDPOINTS_LEGACY, .dualstack = CHOICE_YES},
             "https://sts.us-west-2.api.aws",
             R},
            {{.service = STS, .region = R, .sts = STS_ENDPOINTS_LEGACY, .own = "https://own.test"},
             "https://own.test",
             R},
            {{.service = ENDPOINTS_SECRETS_MANAGER,
              .region = R,
              .environment = {"AWS_STS_REGIONAL_ENDPOINTS=nonsense"}},
             "https://secretsmanager.us-west-2.amazonaws.com",
             R},
            // the order of custom endpoints
            {{.service = STS,
              .region = R,
              .own = "https://own.test",
              .shared = "https://shared.test",
              .environment = {"AWS_ENDPOINT_URL_STS=https://sts.test", "AWS_ENDPOINT_URL=https://all.test"}},
             "https://own.test",
             R},
            {{.service = STS,
              .region = R,
              .shared = "https://shared.test",
              .environment = {"AWS_ENDPOINT_URL=https://all.test", "AWS_ENDPOINT_URL_STS=https://sts.test/base/"}},
             "https://sts.test/base",
             R},
            {{.service = STS,
              .region = R,
              .shared = "https://shared.test",
              .environment = {"AWS_ENDPOINT_URL=https://all.test", "AWS_ENDPOINT_URL_SSO=https://sso.test"}},
             "https://all.test",
             R},
            {{.service = STS, .region = R, .shared = "https://shared.test//"}, "https://shared.test", R},
            {{.service = STS,
              .region = R,
              .shared = "https://shared.test",
              .environment = {"AWS_ENDPOINT_URL=https://all.test", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"}},
             "https://sts.us-west-2.amazonaws.com",
             R},
            {{.service = STS,
              .region = R,
              .own = "https://own.test",
              .environment = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"}},
             "https://own.test",
             R},
            {{.service = STS,
              .region = R,
              .fips = CHOICE_YES,
              .environment = {"AWS_ENDPOINT_URL=https://all.test", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"}},
             "https://sts-fips.us-west-2.amazonaws.com",
             R},
            // the variable of each service
            {{.service = ENDPOINTS_ROLESANYWHERE,
              .region = R,
              .environment = {"AWS_ENDPOINT_URL_ROLESANYWHERE=https://x.test"}},
             "https://x.test",
             R},
            {{.service = ENDPOINTS_SECRETS_MANAGER,
              .region = R,
              .environment = {"AWS_ENDPOINT_URL_SECRETS_MANAGER=https://x.test"}},
             "https://x.test",
             R},
            {{.service = ENDPOINTS_SSO, .region = R, .environment = {"AWS_ENDPOINT_URL_SSO=https://x.test"}},
             "https://x.test",
             R},
            {{.service = ENDPOINTS_SSO_OIDC, .region = R, .environment = {"AWS_ENDPOINT_URL_SSO_OIDC=https://x.test"}},
             "https://x.test",
             R},
            {{.service = ENDPOINTS_SSO_OIDC, .region = R, .environment = {"AWS_ENDPOINT_URL_SSO=https://x.test"}},
             "https://oidc.us-west-2.amazonaws.com",
             R},
            {{.service = STS, .region = R, .shared = "http://127.0.0.1:4566"}, "http://127.0.0.1:4566", R},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct outcome got;
                if (derive(&t[i].wish, &got) < 0)
                        fail_msg("row %zu: %s", i, got.e.message);
                if (strcmp(got.url, t[i].url) != 0 || strcmp(got.region, t[i].region) != 0)
                        fail_msg("row %zu: %s in %s, not %s in %s", i, got.url, got.region, t[i].url, t[i].region);
                arena_free(&got.strings);
        }
}

static void test_refused(void **state)
{
        (void)state;
        static const struct {
                struct wish wish;
                const char *message, *hint;
        } t[] = {
            {{.service = STS, .region = R, .environment = {"AWS_USE_FIPS_ENDPOINT=1"}},
             "environment: AWS_USE_FIPS_ENDPOINT: found \"1\", expected \"true\" or \"false\"",
             "unset AWS_USE_FIPS_ENDPOINT"},
            {{.service = STS, .region = R, .environment = {"AWS_USE_DUALSTACK_ENDPOINT=yes"}},
             "AWS_USE_DUALSTACK_ENDPOINT: found",
             "unset"},
            {{.service = STS, .region = R, .environment = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=yes"}},
             "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: found \"yes\"",
             "unset"},
            {{.service = STS, .region = R, .environment = {"AWS_STS_REGIONAL_ENDPOINTS=Legacy"}},
             "environment: AWS_STS_REGIONAL_ENDPOINTS: found \"Legacy\", expected \"regional\" or \"legacy\"",
             "unset AWS_STS_REGIONAL_ENDPOINTS"},
            {{.service = STS, .region = "fips-us-west-2"},
             "found \"fips-us-west-2\", expected the name of a region",
             "use_fips_endpoint"},
            {{.service = STS, .region = "us-west-2-fips"}, "found \"us-west-2-fips\"", "use_fips_endpoint"},
            // both a custom endpoint and a variant of AWS's own
            {{.service = STS, .region = R, .own = "https://own.test", .fips = CHOICE_YES},
             "found a custom endpoint beside the profile's use_fips_endpoint",
             "set \"use_fips_endpoint\" of profile p to false"},
            {{.service = STS, .region = R, .own = "https://own.test", .environment = {"AWS_USE_FIPS_ENDPOINT=true"}},
             "found a custom endpoint beside AWS_USE_FIPS_ENDPOINT",
             "set \"use_fips_endpoint\" of profile p to false"},
            {{.service = STS,
              .region = R,
              .dualstack = CHOICE_YES,
              .environment = {"AWS_ENDPOINT_URL_STS=https://sts.test"}},
             "environment: AWS_ENDPOINT_URL_STS: found a custom endpoint beside the profile's use_dualstack_endpoint",
             "use_dualstack_endpoint"},
            {{.service = STS,
              .region = R,
              .shared = "https://shared.test",
              .environment = {"AWS_USE_DUALSTACK_ENDPOINT=true"}},
             "profile p: endpoint_url of the AWS configuration file: found a custom endpoint beside "
             "AWS_USE_DUALSTACK_ENDPOINT",
             "use_dualstack_endpoint"},
            // URLs
            {{.service = STS, .region = R, .environment = {"AWS_ENDPOINT_URL_STS=http://sts.test"}},
             "AWS_ENDPOINT_URL_STS: found \"http://sts.test\", expected https",
             "unset AWS_ENDPOINT_URL_STS"},
            {{.service = STS, .region = R, .shared = "sts.test"},
             "profile p: endpoint_url of the AWS configuration file: found \"sts.test\", expected a URL",
             "endpoint_url"},
            {{.service = STS, .region = R, .shared = "https://me:pass-word@sts.test"},
             "found an invalid value (not shown), expected a URL",
             "endpoint_url"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct outcome got;
                if (derive(&t[i].wish, &got) == 0)
                        fail_msg("row %zu: taken", i);
                assert_int_equal(got.e.kind, ERROR_CONFIG);
                if (!strstr(got.e.message, t[i].message) || !strstr(got.e.hint, t[i].hint))
                        fail_msg("row %zu: %s (%s)", i, got.e.message, got.e.hint);
                assert_null(strstr(got.e.message, "pass-word"));
                arena_free(&got.strings);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_taken),
            cmocka_unit_test(test_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
