// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/settings.h"

#include "tests/unit/config/support.h"

#define BODY                                                                                                           \
        "\"type\": \"sso\", \"sso_session\": \"my-sso\", \"sso_account_id\": \"123456789012\", \"sso_role_name\": "    \
        "\"Dev\""
#define PROFILE(more) "{\"region\": \"eu-west-1\", \"profiles\": {\"dev\": {" BODY more "}}}"
#define REGION ", \"sso_region\": \"us-east-2\""
#define PORTAL "https://portal.sso.us-east-2.amazonaws.com"
#define OIDC "https://oidc.us-east-2.amazonaws.com"

static void endpoints(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                const char *environment[5];
                const char *portal, *oidc; // NULL: refused
        } cases[] = {
            {PROFILE(REGION), {NULL}, PORTAL, OIDC},
            {PROFILE(", \"sso_region\": \"cn-north-1\""),
             {NULL},
             "https://portal.sso.cn-north-1.amazonaws.com.cn",
             "https://oidc.cn-north-1.amazonaws.com.cn"},
            {PROFILE(REGION), {"AWS_ENDPOINT_URL_SSO=http://127.0.0.1:1/"}, "http://127.0.0.1:1", OIDC},
            {PROFILE(REGION), {"AWS_ENDPOINT_URL_SSO_OIDC=http://127.0.0.1:2"}, PORTAL, "http://127.0.0.1:2"},
            {PROFILE(REGION), {"AWS_ENDPOINT_URL=http://127.0.0.1:3"}, "http://127.0.0.1:3", "http://127.0.0.1:3"},
            {PROFILE(REGION),
             {"AWS_ENDPOINT_URL=http://127.0.0.1:3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=True"},
             PORTAL,
             OIDC},
            {PROFILE(REGION ", \"endpoint_url\": \"https://vpce/\""),
             {"AWS_ENDPOINT_URL=http://127.0.0.1:3"},
             "https://vpce",
             "https://vpce"},
            {PROFILE(REGION ", \"endpoint_url\": \"https://vpce\""),
             {"AWS_ENDPOINT_URL_SSO_OIDC=http://127.0.0.1:2", "AWS_ENDPOINT_URL_SSO=http://127.0.0.1:1"},
             "https://vpce",
             "https://vpce"},
            {PROFILE(REGION), {"AWS_ENDPOINT_URL_SSO=http://example.com"}, NULL, NULL},
            {PROFILE(REGION), {"AWS_ENDPOINT_URL_SSO_OIDC=x"}, NULL, NULL},
            {PROFILE(""), {NULL}, NULL, NULL},
        };
        for (size_t i = 0; i < ROWS(cases); i++) {
                char *environment[6] = {(char *)"HOME=/home/me"};
                struct settings *s = NULL;
                struct error e;
                for (size_t k = 0; k < 5; k++)
                        environment[k + 1] = (char *)cases[i].environment[k];
                int r = parse_with(cases[i].text, environment, NULL, &s, &e);
                if (!cases[i].portal) {
                        assert_int_equal(r, -1);
                        assert_int_equal(e.kind, ERROR_CONFIG);
                        assert_true(e.hint[0]);
                        continue;
                }
                if (r < 0)
                        fail_msg("%zu: %s", i, e.message);
                const struct profile *p = settings_find(s, "dev");
                assert_string_equal(p->endpoint_url, cases[i].portal);
                assert_string_equal(p->sso.oidc_endpoint_url, cases[i].oidc);
                assert_string_equal(p->sso.cache_directory, "/home/me/.aws/sso/cache");
                assert_string_equal(p->region, "eu-west-1"); // where they are used
                settings_release(s);
        }
}

static void without_a_home(void **state)
{
        (void)state;
        char *environment[] = {NULL};
        struct settings *s = NULL;
        struct error e;
        assert_int_equal(parse_with(PROFILE(REGION), environment, NULL, &s, &e), 0);
        assert_null(settings_find(s, "dev")->sso.cache_directory); // the profile's fetches say so
        settings_release(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(endpoints), cmocka_unit_test(without_a_home)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
