// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/endpoints.h"
#include "sidecar/config/settings.h"

#include "tests/unit/config/support.h"

#define ME "arn:aws:iam::111122223333:user/me"
#define PROFILE(more) "{\"profiles\": {\"dev\": {\"type\": \"login\", \"login_session\": \"" ME "\"" more "}}}"
#define REGION ", \"region\": \"eu-west-1\""
#define LOCAL "http://127.0.0.1:1"

static struct settings *load(const char *text, const char *const more[4], struct error *e)
{
        char *environment[6] = {(char *)"HOME=/home/me"};
        struct settings *s = NULL;
        for (size_t i = 0; i < 4; i++)
                environment[i + 1] = (char *)more[i];
        return parse_with(text, environment, NULL, &s, e) < 0 ? NULL : s;
}

static void endpoints(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                const char *environment[4];
                const char *url; // NULL: none is known yet
                bool is_custom;
                unsigned variant;
        } cases[] = {
            {PROFILE(REGION), {NULL}, "https://eu-west-1.signin.aws.amazon.com", false, 0},
            {PROFILE(""), {"AWS_REGION=us-west-2"}, "https://us-west-2.signin.aws.amazon.com", false, 0},
            {PROFILE(""), {NULL}, NULL, false, 0}, // the file may name a region
            {PROFILE(REGION ", \"sts_region\": \"us-east-1\""),
             {NULL},
             "https://eu-west-1.signin.aws.amazon.com",
             false,
             0},
            {PROFILE(REGION), {"AWS_ENDPOINT_URL_SIGNIN=" LOCAL "/", "AWS_ENDPOINT_URL=https://all"}, LOCAL, true, 0},
            {PROFILE(""), {"AWS_ENDPOINT_URL=" LOCAL}, LOCAL, true, 0},
            {PROFILE(", \"endpoint_url\": \"https://own/\""), {"AWS_ENDPOINT_URL=" LOCAL}, "https://own", true, 0},
            {PROFILE(REGION),
             {"AWS_ENDPOINT_URL=" LOCAL, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"},
             "https://eu-west-1.signin.aws.amazon.com",
             false,
             0},
            {PROFILE(REGION ", \"use_fips_endpoint\": true"),
             {NULL},
             "https://signin-fips.eu-west-1.amazonaws.com",
             false,
             ENDPOINTS_FIPS},
            {PROFILE(""), {"AWS_USE_DUALSTACK_ENDPOINT=true"}, NULL, false, ENDPOINTS_DUALSTACK},
        };
        for (size_t i = 0; i < ROWS(cases); i++) {
                struct error e;
                struct settings *s = load(cases[i].text, cases[i].environment, &e);
                if (!s)
                        fail_msg("%zu: %s", i, e.message);
                const struct profile *p = settings_find(s, "dev");
                assert_string_equal(p->endpoint_url ? p->endpoint_url : "", cases[i].url ? cases[i].url : "");
                assert_int_equal(p->login.has_custom_endpoint, cases[i].is_custom);
                assert_int_equal(p->login.variant, cases[i].variant);
                assert_string_equal(p->login.session, ME);
                settings_release(s);
        }
}

static void refused(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                const char *environment[4];
                const char *why;
        } cases[] = {
            {PROFILE(REGION), {"AWS_ENDPOINT_URL_SIGNIN=http://example.com"}, "AWS_ENDPOINT_URL_SIGNIN"},
            {PROFILE(""), {"AWS_ENDPOINT_URL_SIGNIN=" LOCAL, "AWS_USE_FIPS_ENDPOINT=true"}, "a custom endpoint beside"},
            {PROFILE(", \"region\": \"fips-us-east-1\""), {NULL}, "fips-us-east-1"},
            {PROFILE(", \"sso_region\": \"us-east-1\""), {NULL}, "sso_region"},
        };
        for (size_t i = 0; i < ROWS(cases); i++) {
                struct error e;
                struct settings *s = load(cases[i].text, cases[i].environment, &e);
                assert_null(s);
                assert_int_equal(e.kind, ERROR_CONFIG);
                if (!strstr(e.message, cases[i].why))
                        fail_msg("%zu: %s", i, e.message);
        }
}

// A role on a role lasts an hour at most; a user's session is none.
static void duration_of_a_role_on_it(void **state)
{
        (void)state;
        static const struct {
                const char *session;
                bool is_refused;
        } cases[] = {{ME, false}, {"arn:aws:sts::111122223333:assumed-role/r/me", true}};
        for (size_t i = 0; i < ROWS(cases); i++) {
                static const char *const none[4] = {NULL};
                char text[1024];
                struct error e;
                (void)snprintf(text, sizeof(text),
                               "{\"region\": \"eu-west-1\", \"profiles\": {\"dev\": {\"type\": \"login\", "
                               "\"login_session\": \"%s\"}, \"r\": {\"type\": \"assume_role\", \"source_profile\": "
                               "\"dev\", \"role_arn\": \"arn:aws:iam::111122223333:role/r\", "
                               "\"duration_seconds\": 7200}}}",
                               cases[i].session);
                struct settings *s = load(text, none, &e);
                assert_int_equal(s == NULL, cases[i].is_refused);
                if (s)
                        settings_release(s);
                else
                        assert_non_null(strstr(e.message, "role chaining"));
        }
}

static void cache_directory(void **state)
{
        (void)state;
        static const struct {
                const char *environment[4];
                const char *directory;
        } cases[] = {
            {{NULL}, "/home/me/.aws/login/cache"},
            {{"AWS_LOGIN_CACHE_DIRECTORY=/var/cache"}, "/var/cache"},
            {{"AWS_LOGIN_CACHE_DIRECTORY=~/x"}, "/home/me/x"},
            {{"AWS_LOGIN_CACHE_DIRECTORY="}, "/home/me/.aws/login/cache"},
            {{"HOME="}, "/home/me/.aws/login/cache"}, // the first counts
        };
        for (size_t i = 0; i < ROWS(cases); i++) {
                struct error e;
                struct settings *s = load(PROFILE(""), cases[i].environment, &e);
                assert_non_null(s);
                assert_string_equal(settings_find(s, "dev")->login.cache_directory, cases[i].directory);
                settings_release(s);
        }
        char *nothing[] = {NULL};
        struct settings *s = NULL;
        struct error e;
        assert_int_equal(parse_with(PROFILE(""), nothing, NULL, &s, &e), 0);
        assert_null(settings_find(s, "dev")->login.cache_directory); // the profile's fetches say so
        settings_release(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(endpoints),
            cmocka_unit_test(refused),
            cmocka_unit_test(cache_directory),
            cmocka_unit_test(duration_of_a_role_on_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
